"""What the page paints on a GPU, by WebGPU, is what Python paints; here the GPU is SwiftShader, which is none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from allaprima.gallery import gallery_model
from allaprima.stylizer import Stylizer
from devices import Device
from studios import CHROMIUM, assert_alike, visited

PHOTO = Path(__file__).parents[2] / "examples" / "coffee.jpg"
SWIFTSHADER = ["--no-sandbox", "--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"]


@pytest.fixture(scope="module")
def gpu_browser(browser):
    """A Chromium whose WebGPU works without a GPU."""
    chromium = browser.browser_type.launch(executable_path=CHROMIUM, args=SWIFTSHADER)
    yield chromium
    chromium.close()


def device(page, address: str, model: str | Path) -> Device:
    found = Device(page, address, model, "webgpu")
    if not page.evaluate("async () => Boolean(await navigator.gpu?.requestAdapter())"):
        pytest.skip("this Chromium has no WebGPU")
    assert found.engine == "webgpu"
    return found


def photo(width: int, height: int) -> np.ndarray:
    return np.asarray(Image.open(PHOTO).convert("RGB").resize((width, height), Image.Resampling.BICUBIC))


@pytest.mark.parametrize("model", ["fast", "fine"])
def test_styles_strengths_and_odd_sizes(gpu_browser, address, model):
    stylizer = Stylizer(model)
    names = [style.name for style in stylizer.styles]
    with visited(gpu_browser, address) as page:
        gpu = device(page, address, model)
        for number, size in enumerate(((91, 67), (16, 43), (64, 20))):
            pixels = photo(*size)
            gpu.open(pixels)
            for style, strength in zip(names[number::6], (1.0, 0.5, 0.15), strict=True):
                assert_alike(gpu.paint(style, strength), stylizer.stylize(pixels, style, strength))
        assert_alike(gpu.paint({names[1]: 2, names[2]: 1}), stylizer.stylize(pixels, {names[1]: 2, names[2]: 1}))


def test_each_norm_has_the_floor_of_the_file_and_a_night_stays_a_night(gpu_browser, address, tmp_path):
    onnx = pytest.importorskip("onnx", reason="the extra train is not installed")
    model = onnx.load(str(gallery_model("fast")))
    assert any(tensor.name == "network.shade.darkest" for tensor in model.graph.initializer)
    for number, node in enumerate(node for node in model.graph.node if node.op_type == "InstanceNormalization"):
        next(one for one in node.attribute if one.name == "epsilon").f = 0.02 * 2**number
    onnx.save(model, str(tmp_path / "floors.onnx"))
    pixels = photo(61, 44) // 3
    with visited(gpu_browser, address) as page:
        gpu = device(page, address, tmp_path / "floors.onnx")
        gpu.open(pixels)
        assert_alike(gpu.paint("udnie", 0.7), Stylizer(tmp_path / "floors.onnx").stylize(pixels, "udnie", 0.7))


def test_a_larger_picture(gpu_browser, address):
    pixels = photo(503, 341)
    with visited(gpu_browser, address) as page:
        gpu = device(page, address, "fast")
        gpu.open(pixels)
        # Pillow enlarges along rows or columns first, as costs less, the page always along rows: at a few overshoots in
        # a million the clipping in between shows.
        assert_alike(gpu.paint("irises", stroke=150), Stylizer().stylize(pixels, "irises", stroke=150))


def test_the_page_says_what_computes(gpu_browser, address, tmp_path):
    from playwright.sync_api import expect

    Image.fromarray(photo(90, 60)).save(tmp_path / "small.png")

    for words, engine in (("?engine=webgpu", "its GPU"), ("?engine=wasm", "thread")):
        with visited(gpu_browser, address, query=words) as page:
            page.locator("input[type=file]").first.set_input_files(tmp_path / "small.png")
            expect(page.locator(".status")).to_contain_text(engine, timeout=180_000)


def test_a_network_that_the_gpu_does_not_know_is_painted_without_it(gpu_browser, address, tmp_path):
    """A weight of another name may be anything, such as of another kind of norm."""
    onnx = pytest.importorskip("onnx", reason="the extra train is not installed")
    from playwright.sync_api import expect

    model = onnx.load(str(gallery_model("fast")))
    known, other = "network.up.narrow.bias", "network.up.narrow.reference"
    for tensor in model.graph.initializer:
        tensor.name = other if tensor.name == known else tensor.name
    for node in model.graph.node:
        node.input[:] = [other if name == known else name for name in node.input]
    onnx.save(model, str(tmp_path / "other.onnx"))
    Image.fromarray(photo(90, 60)).save(tmp_path / "small.png")
    with visited(gpu_browser, address, query="?engine=webgpu") as page:
        if not page.evaluate("async () => Boolean(await navigator.gpu?.requestAdapter())"):
            pytest.skip("this Chromium has no WebGPU")
        page.locator("input[type=file]").first.set_input_files(tmp_path / "small.png")
        expect(page.locator(".status")).to_contain_text("on this device, its GPU", timeout=180_000)
        page.locator("input[accept='.onnx']").set_input_files(tmp_path / "other.onnx")
        expect(page.locator(".status")).to_contain_text("no kernels for this model", timeout=180_000)
        expect(page.locator(".status")).to_contain_text("thread")
