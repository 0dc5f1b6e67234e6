"""Nothing of the page is cut off or lies over another part, on a phone and on a wide screen.

With STUDIO_SCREENSHOTS=docs/images the pictures of docs/studio.md are taken.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from studios import visited

PROJECT = Path(__file__).parents[2]
SCREENS = {
    "wide": {"viewport": {"width": 1360, "height": 850}, "color_scheme": "light"},
    "phone": {
        "viewport": {"width": 390, "height": 844},
        "color_scheme": "dark",
        "is_mobile": True,
        "has_touch": True,
        "device_scale_factor": 2,
    },
}


def taken(page, name: str) -> None:
    folder = os.environ.get("STUDIO_SCREENSHOTS")
    if folder is not None:
        page.locator(".working").wait_for(state="hidden")
        page.screenshot(path=PROJECT / folder / f"studio_{name}.jpg", type="jpeg", quality=82)


def box(page, selector: str) -> tuple[float, float, float, float]:
    found = page.locator(selector).first.bounding_box()
    return found["x"], found["y"], found["x"] + found["width"], found["y"] + found["height"]


@pytest.mark.parametrize("screen", SCREENS)
def test_the_painting_is_whole_beside_its_choices(browser, address, screen):
    from playwright.sync_api import expect

    with visited(browser, address, **SCREENS[screen]) as page:
        page.locator("input[type=file]").first.set_input_files(PROJECT / "examples" / "chelsea.jpg")
        expect(page.locator(".sheet li.painted")).to_have_count(20, timeout=30_000)
        page.get_by_role("button", name="Irises", exact=True).click()
        expect(page.locator(".status")).to_contain_text("Irises", timeout=30_000)
        page.get_by_label("Before and after").fill("35")
        taken(page, screen)
        easel, stage, panel = (box(page, one) for one in (".easel", ".stage", ".panel"))
        assert easel[0] >= stage[0] >= 0
        assert easel[1] >= stage[1]
        assert easel[2] <= stage[2] <= page.viewport_size["width"]
        assert easel[3] <= stage[3]
        assert abs((easel[2] - easel[0]) / (easel[3] - easel[1]) - 451 / 300) < 0.02
        apart = panel[0] >= stage[2] if screen == "wide" else panel[1] >= stage[3]
        assert apart
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        if screen == "wide":  # or keys that move the focus would move the page
            assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
        for one in page.get_by_role("button").all():
            if one.is_visible() and screen == "phone" and "add" not in (one.get_attribute("class") or ""):
                assert one.bounding_box()["height"] >= 43, one.text_content()
