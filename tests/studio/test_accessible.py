"""The page for everybody: axe finds nothing in any state, light and dark, on a phone and on a wide screen."""

from __future__ import annotations

from pathlib import Path

import pytest

from studios import visited

PHOTO = Path(__file__).parents[2] / "examples" / "coffee.jpg"


@pytest.mark.parametrize(
    "options",
    [
        {"viewport": {"width": 1280, "height": 800}, "color_scheme": "light"},
        {"viewport": {"width": 390, "height": 780}, "color_scheme": "dark", "has_touch": True, "is_mobile": True},
    ],
    ids=["wide and light", "phone and dark"],
)
def test_axe_finds_nothing(browser, address, options):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()
    from playwright.sync_api import expect

    def check(state: str) -> None:
        found = axe.run(page)
        assert found.violations_count == 0, f"{state}: {found.generate_report()}"

    with visited(browser, address, **options) as page:
        expect(page.locator(".welcome")).to_be_visible()
        check("before a photograph")
        page.locator("input[type=file]").first.set_input_files(PHOTO)
        expect(page.locator(".sheet li.painted")).to_have_count(20, timeout=30_000)
        expect(page.locator(".status")).to_contain_text("on this device", timeout=30_000)
        check("painted")
        page.get_by_role("button", name="Mix in Udnie").click(force=True)
        page.get_by_role("button", name="Use a brush").click()
        page.get_by_role("application").focus()
        page.keyboard.press("Space")
        expect(page.get_by_label("Swap the parts")).to_be_visible()
        check("a mixture and a mask")
        page.get_by_role("button", name="Show at actual size").click()
        check("actual size")
        page.locator("input[type=file]").first.set_input_files(__file__)
        expect(page.get_by_role("alert")).to_be_visible()
        check("a fault")
        page.evaluate("scrollTo(0, 1e6)")
        expect(page.get_by_role("alert")).to_be_in_viewport()
        page.get_by_role("button", name="Close").click()
        expect(page.get_by_role("alert")).to_be_hidden()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it scrolls sideways"
