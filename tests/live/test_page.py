"""The page in a real browser: it shows the painting, and everything works by keyboard."""

from __future__ import annotations

import time

import pytest

from lives import until
from studios import chromium, visited


@pytest.fixture(scope="module")
def browser():
    """Chromium, or the test is skipped."""
    with chromium() as found:
        yield found


@pytest.fixture
def page(browser, live):
    """The page, when it shows a painting."""
    with visited(browser, f"http://127.0.0.1:{live.port}/") as found:
        wait_until(found, "Number(document.body.dataset.shown ?? 0) > 2 && document.querySelectorAll('.style').length")
        yield found


def wait_until(page, condition: str, seconds: float = 30) -> None:
    """Until something is so in the page, which forbids what Playwright's own waiting does."""
    deadline = time.monotonic() + seconds
    while not page.evaluate(condition):
        assert time.monotonic() < deadline, condition
        page.wait_for_timeout(50)


def choice(live):
    return live.state()["choice"]


def test_the_painting_moves_and_says_how_old_it_is(page):
    sum_of_pixels = """(() => { const c = document.getElementById('painting');
        return c.getContext('2d').getImageData(0, 0, c.width, c.height).data.reduce((a, b) => a + b, 0); })()"""
    first, shown = page.evaluate(sum_of_pixels), page.evaluate("Number(document.body.dataset.shown)")
    wait_until(page, f"Number(document.body.dataset.shown) > {shown + 3}")
    assert page.evaluate(sum_of_pixels) != first
    assert 0 < page.evaluate("Number(document.body.dataset.latency)") < 2000
    wait_until(page, "/fps · \\d+ ms · \\d+ × \\d+/.test(document.getElementById('numbers').textContent)")


def test_keys_choose_styles_and_switch(page, live, stylizer):
    page.keyboard.press("3")
    until(lambda: choice(live)["style"] == stylizer.styles[2].name)
    page.keyboard.press("ArrowRight")
    until(lambda: choice(live)["style"] == stylizer.styles[3].name)
    page.keyboard.press("ArrowDown")
    until(lambda: choice(live)["strength"] == 0.95)
    page.keyboard.press("m")
    page.keyboard.press("w")
    until(lambda: choice(live)["mirror"] and choice(live)["wall"] == 20)
    assert page.get_by_role("button", name="Mirror", pressed=True).count() == 1


def test_every_control_has_a_name_and_works(page, live):
    page.get_by_role("radio", name="Udnie").check()
    until(lambda: choice(live)["style"] == "udnie")
    page.get_by_label("Second style").select_option("the_kiss")
    until(lambda: (choice(live)["second"], choice(live)["mix"]) == ("the_kiss", 0.5))
    for name, key in [("Mixture", "mix"), ("Strength", "strength"), ("Steadiness", "steady"), ("Stroke", "stroke")]:
        before = choice(live)[key]
        page.get_by_role("slider", name=name).press("ArrowLeft")
        until(lambda key=key, before=before: choice(live)[key] != before)
    page.get_by_label("Color").select_option("photo")
    until(lambda: choice(live)["color"] == "photo")
    unnamed = (
        "[...document.querySelectorAll('button, input, select')].filter((e) => !e.labels?.length && !e.textContent)"
    )
    assert page.evaluate(f"{unnamed}.length") == 0


def test_a_recording_and_a_snapshot_by_key_are_offered_as_links(page, live):
    page.keyboard.press("r")
    wait_until(page, "document.getElementById('record').textContent === 'Stop'")
    page.wait_for_timeout(700)
    page.keyboard.press("r")
    page.keyboard.press("s")
    wait_until(page, "document.querySelectorAll('#saved a').length === 2")
    assert {path.suffix for path in live.folder.iterdir()} == {".mp4", ".png"}


def test_the_small_pictures_are_painted_from_what_is_seen(page):
    last = "[...document.querySelectorAll('.style img')].at(-1)"
    wait_until(page, f"{last}.naturalWidth > 0")
    before = page.evaluate(f"{last}.src")
    page.keyboard.press("p")
    wait_until(page, f"{last}.src !== {before!r} && {last}.naturalWidth > 0")


def test_the_page_says_that_a_camera_is_gone_and_takes_it_back(page, live, monkeypatch):
    monkeypatch.setattr(type(live.capture), "state", property(lambda _: ("lost", "no such device")))
    wait_until(page, "document.getElementById('status').textContent.includes('is gone (no such device)')")
    monkeypatch.undo()
    wait_until(page, "document.getElementById('status').textContent === ''")


@pytest.mark.parametrize(("width", "height"), [(360, 740), (1600, 900), (740, 360)])
def test_nothing_sticks_out_on_a_phone_or_a_wide_screen(page, width, height):
    page.set_viewport_size({"width": width, "height": height})
    page.wait_for_timeout(200)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    box = page.locator("#painting").bounding_box()
    assert box["width"] > 0.3 * width or box["height"] > 0.45 * height
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width


@pytest.mark.parametrize("options", [{}, {"color_scheme": "dark", "viewport": {"width": 360, "height": 740}}])
def test_axe_finds_nothing(browser, live, options):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()
    address = f"http://127.0.0.1:{live.port}/"
    with visited(browser, address, bypass_csp=True, **options) as page:  # axe is a script of another's
        wait_until(page, "Number(document.body.dataset.shown ?? 0) > 2 && document.querySelectorAll('.style').length")
        page.locator("details").evaluate("(details) => { details.open = true; }")
        page.keyboard.press("w")
        page.wait_for_timeout(1200)
        found = axe.run(page)
        assert found.violations_count == 0, found.generate_report()


def test_bare_shows_the_painting_alone_for_obs(browser, live):
    with visited(browser, f"http://127.0.0.1:{live.port}/", "?bare") as page:
        wait_until(page, "Number(document.body.dataset.shown ?? 0) > 2")
        assert not page.locator("#desk").is_visible()
        assert not page.locator("#bar").is_visible()
        assert page.locator("#painting").bounding_box()["height"] > 700
