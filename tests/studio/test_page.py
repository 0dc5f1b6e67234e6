"""The page as a visitor uses it, in Chromium: from a photograph to a file, by mouse and by keyboard."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from allaprima.stylizer import Stylizer
from studios import assert_alike, start_studio, visited
from support import checkered

PROJECT = Path(__file__).parents[2]
STYLES = 20


@pytest.fixture
def expect(page):
    from playwright.sync_api import expect

    expect.set_options(timeout=30_000)
    return expect


@pytest.fixture
def small(tmp_path) -> Path:
    """A photograph of few pixels, without loss."""
    path = tmp_path / "small.png"
    Image.open(PROJECT / "examples" / "coffee.jpg").convert("RGB").resize((230, 173)).save(path)
    return path


def choose(page, path: Path) -> None:
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name=re.compile("photograph")).locator("visible=true").click()
    chooser.value.set_files(path)


def painted(page, expect, words: str) -> None:
    expect(page.locator(".status")).to_contain_text(re.compile(f"{words}.* on this device"))


def downloaded(page, format: str) -> tuple[str, bytes]:
    page.get_by_label("Format").select_option(format)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


def pixels_of(data: bytes | Path) -> np.ndarray:
    return np.asarray(Image.open(data if isinstance(data, Path) else io.BytesIO(data)).convert("RGB"))


def slide(slider, value: float) -> None:
    slider.fill(str(value))


def test_from_a_photograph_to_a_file(page, expect, small):
    choose(page, small)
    expect(page.locator(".sheet li.painted")).to_have_count(STYLES)
    painted(page, expect, "The Great Wave")

    page.get_by_role("button", name="Irises", exact=True).click()
    slide(page.get_by_label("Strength"), 0.7)
    painted(page, expect, "Irises")
    name, data = downloaded(page, "png")
    assert name == "small_irises.png"
    assert_alike(pixels_of(data), Stylizer().stylize(pixels_of(small), "irises", 0.7))

    page.get_by_role("button", name="Mix in Udnie").click()
    page.get_by_text("Matched").click()
    painted(page, expect, r"Irises \+ Udnie")
    name, data = downloaded(page, "webp")
    assert name == "small_irises+udnie.webp"
    assert Image.open(io.BytesIO(data)).format == "WEBP"

    page.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="Undo").click()
    painted(page, expect, r"Irises\.")
    expect(page.get_by_label("The painting's", exact=True)).to_be_checked()
    page.get_by_role("button", name="Redo").click()
    painted(page, expect, r"Irises \+ Udnie")


ASKED = """
window.asked = [];
const Real = window.Worker;
window.Worker = class extends Real {
  constructor(...given) {
    super(...given);
    this.asked = [];
    window.asked.push(this.asked);
  }
  postMessage(message, transfer) {
    this.asked.push(message);
    super.postMessage(message, transfer);
  }
};
"""
"""Notes what each worker is asked for."""


def test_a_second_worker_previews_the_photograph_and_the_model_in_hand(page, expect, small, tmp_path):
    page.add_init_script(ASKED)
    page.goto(page.url + "?engine=wasm&threads=2")

    def second(kind: str) -> list[dict]:
        return page.evaluate(
            "(kind) => (window.asked[1] ?? []).filter((one) => one.kind === kind)"
            ".map(({ ask }) => ({ width: ask.pixels?.width, url: ask.url, style: ask.look?.style }))",
            kind,
        )

    def previewed(style: str, words: str, count: int) -> None:
        """Chosen again and again until the second worker, which is never waited for, is ready to preview it."""
        for strength in range(40):
            slide(page.get_by_label("Strength"), 0.5 + strength / 100)
            page.wait_for_timeout(100)
            if len(second("paint")) > count:
                break
        assert second("paint")[-1]["style"] == {style: 1}
        painted(page, expect, words)

    choose(page, small)
    painted(page, expect, "The Great Wave")
    previewed("great_wave", "The Great Wave", 0)
    assert [one["width"] for one in second("open")] == [230]
    Image.open(small).transpose(Image.Transpose.TRANSPOSE).save(tmp_path / "upright.png")
    choose(page, tmp_path / "upright.png")
    expect(page.locator(".status")).to_contain_text("173 × 230")
    previewed("great_wave", "The Great Wave", len(second("paint")))
    assert [one["width"] for one in second("open")] == [230, 173]
    page.get_by_label("Model").select_option("fine")
    painted(page, expect, "The Great Wave")
    previewed("great_wave", "The Great Wave", len(second("paint")))
    assert [one["url"].rpartition("/")[2] for one in second("model")] == ["fast.onnx", "fine.onnx"]
    width, height = page.evaluate("(({ width, height }) => [width, height])(document.querySelector('canvas.painted'))")
    assert width < height


def test_a_mask_by_brush_keeps_the_photograph(page, expect, small):
    choose(page, small)
    painted(page, expect, "The Great Wave")
    page.get_by_role("button", name="Use a brush").click()
    canvas = page.get_by_role("application")
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    page.mouse.down()
    page.mouse.move(box["x"] + 5, box["y"] + box["height"] - 5, steps=8)
    page.mouse.up()
    painted(page, expect, "The Great Wave")
    result, photo = pixels_of(downloaded(page, "png")[1]), pixels_of(small)
    assert np.abs(result[:, :6].astype(int) - photo[:, :6]).max() <= 1
    assert np.abs(result[:, 60:].astype(int) - photo[:, 60:]).mean() > 10
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_label("Swap the parts")).to_be_hidden()


def test_all_by_keyboard(page, expect, small):
    page.get_by_role("button", name="Try it with a cat").focus()
    page.keyboard.press("Enter")
    painted(page, expect, "The Great Wave")
    compare = page.get_by_label("Before and after")
    compare.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert compare.get_attribute("aria-valuetext") == "2 % photograph"
    page.get_by_role("button", name="The Kiss", exact=True).focus()
    page.keyboard.press("Space")
    painted(page, expect, "The Kiss")
    page.get_by_role("button", name="Use a brush").press("Enter")
    page.get_by_role("application").focus()
    for key in ("ArrowLeft", "ArrowUp", "Space"):
        page.keyboard.press(key)
    expect(page.get_by_label("Swap the parts")).to_be_visible()
    page.keyboard.press("Control+z")
    expect(page.get_by_label("Swap the parts")).to_be_hidden()
    page.keyboard.press("Control+z")
    painted(page, expect, "The Great Wave")


def test_photographs_are_dropped_and_pasted(page, expect):
    transfer = page.evaluate_handle(
        """async () => {
          const canvas = new OffscreenCanvas(90, 60);
          canvas.getContext('2d').fillRect(0, 0, 40, 40);
          const transfer = new DataTransfer();
          transfer.items.add(new File([await canvas.convertToBlob()], 'square.png', { type: 'image/png' }));
          return transfer;
        }"""
    )
    page.dispatch_event("body", "drop", {"dataTransfer": transfer})
    expect(page.locator(".status")).to_contain_text("90 × 60")
    page.get_by_role("button", name="The Scream", exact=True).click()
    page.evaluate("(data) => window.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data }))", transfer)
    painted(page, expect, "The Scream")


def test_a_photograph_is_turned_as_its_camera_says(page, expect, tmp_path):
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(checkered(120, 80)).save(tmp_path / "turned.jpg", exif=exif)
    choose(page, tmp_path / "turned.jpg")
    expect(page.locator(".status")).to_contain_text("80 × 120")


@pytest.mark.parametrize("format", ["jpg", "png", "webp"])
@pytest.mark.parametrize("source", ["jpg", "png", "webp"])
def test_metadata_is_kept_as_the_command_keeps_it(page, expect, tmp_path, source, format):
    """Who, when and with what; where only if that is wanted."""
    path = tmp_path / f"photo.{source}"
    Image.fromarray(checkered(120, 80)).save(path, exif=full_exif())
    choose(page, path)
    painted(page, expect, "The Great Wave")
    wanted = kept_by_python(path, format, keep_gps=False)
    assert wanted[0][315] == "Ansel Adams"
    assert not wanted[2]
    assert directories(downloaded(page, format)[1]) == wanted
    page.get_by_label("Keep where it was taken").check()
    placed = directories(downloaded(page, format)[1])
    assert placed == kept_by_python(path, format, keep_gps=True)
    assert placed[2]


def full_exif() -> Image.Exif:
    exif = Image.Exif()
    exif.update({274: 6, 271: "Camera", 305: "an editor", 315: "Ansel Adams", 306: "2026:11:25 12:00:00"})
    exif[34665] = {36867: "2026:11:25 12:00:00", 33434: (1, 250), 34855: 100, 37500: b"a maker's own"}
    exif[34853] = {1: "N", 2: (48.0, 12.0, 3.0), 3: "E", 4: (11.0, 34.0, 5.0)}
    return exif


def directories(data: bytes) -> tuple[dict, dict, dict]:
    """All of a file's EXIF but the name of what made it, and where directories lie."""
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        exif = image.getexif()
        first = {tag: value for tag, value in exif.items() if tag not in (305, 34665, 34853)}
        return first, dict(exif.get_ifd(34665)), dict(exif.get_ifd(34853))


def kept_by_python(path: Path, format: str, keep_gps: bool) -> tuple[dict, dict, dict]:
    return directories(Stylizer().stylize(path.read_bytes(), "great_wave", format=format, keep_gps=keep_gps))


def test_transparency_is_kept(page, expect, tmp_path):
    alpha = np.full((60, 80, 1), 255, np.uint8)
    alpha[:, 40:] = 0
    Image.fromarray(np.dstack([checkered(80, 60), alpha])).save(tmp_path / "half.png")
    choose(page, tmp_path / "half.png")
    painted(page, expect, "The Great Wave")
    assert (np.asarray(Image.open(io.BytesIO(downloaded(page, "png")[1])))[..., 3:] == alpha).all()
    flat = pixels_of(downloaded(page, "jpg")[1])
    assert flat[:, 50:].min() > 245


def test_the_user_s_own_model(page, expect, small, tmp_path):
    own = tmp_path / "mine.onnx"
    own.write_bytes((PROJECT / "src/allaprima/gallery/fine.onnx").read_bytes())
    choose(page, small)
    painted(page, expect, "The Great Wave")
    with page.expect_file_chooser() as chooser:
        page.get_by_label("Model").select_option(label="Your own .onnx…")
    chooser.value.set_files(own)
    expect(page.get_by_label("Model")).to_have_value("mine.onnx")
    painted(page, expect, "The Great Wave")
    assert_alike(pixels_of(downloaded(page, "png")[1]), Stylizer("fine").stylize(pixels_of(small), "great_wave"))


def test_many_photographs_become_a_zip(page, expect, tmp_path):
    paths = []
    for number, folder in enumerate(("a", "b", "c")):
        (tmp_path / folder).mkdir()
        paths.append(tmp_path / folder / ("broken.png" if folder == "b" else "same.png"))
        Image.fromarray(checkered(70 + number, 50, seed=number)).save(paths[-1])
    paths[1].write_bytes(b"no picture")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose photographs").click()
    chooser.value.set_files(paths)
    painted(page, expect, "The Great Wave")
    page.get_by_role("button", name="The Scream", exact=True).click()
    page.get_by_label("Format").select_option("png")
    with page.expect_download() as download:
        page.get_by_role("button", name="Paint all 3").click()
    assert download.value.suggested_filename == "paintings.zip"
    with zipfile.ZipFile(download.value.path()) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["same_the_scream.png", "same_the_scream-2.png"]
        second = pixels_of(archive.read("same_the_scream-2.png"))
    assert_alike(second, Stylizer().stylize(pixels_of(paths[2]), "the_scream"))
    expect(page.get_by_text("2 of 3 painted.")).to_be_visible()
    expect(page.get_by_text("This browser cannot read broken.png as a picture.")).to_be_visible()


def test_the_camera_is_painted_live(page, expect):
    page.get_by_role("button", name="Use the camera").click()
    status = page.locator(".status")
    expect(status).to_contain_text("frames a second")
    page.get_by_role("button", name="Starry Night", exact=False).first.click()
    page.get_by_role("button", name="Record", exact=True).click()
    page.wait_for_timeout(1500)
    with page.expect_download() as download:
        page.get_by_role("button", name="End the recording").click()
    assert re.fullmatch(r"painting\.(webm|mp4)", download.value.suggested_filename)
    assert Path(download.value.path()).stat().st_size > 1000
    page.get_by_role("button", name="Take the picture").click()
    painted(page, expect, "The Starry Night")
    expect(page.get_by_role("button", name="Take the picture")).to_be_hidden()
    assert downloaded(page, "png")[0] == "snapshot_starry_night.png"


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("words.jpg", b"no picture", "This browser cannot read words.jpg as a picture."),
        ("broken.onnx", b"\xff" * 40, "broken.onnx is not a readable ONNX model."),
        ("bare.onnx", b"\x3a\x00", "bare.onnx is an ONNX model, but not a style model"),
    ],
)
def test_what_cannot_be_read_is_said(page, expect, tmp_path, small, name, data, sentence):
    (tmp_path / name).write_bytes(data)
    choose(page, small)
    painted(page, expect, "The Great Wave")
    page.locator("input[type=file]").first.set_input_files(tmp_path / name)
    expect(page.get_by_role("alert")).to_contain_text(sentence)
    page.get_by_role("button", name="Irises", exact=True).click()
    painted(page, expect, "Irises")


def test_it_works_offline_after_the_first_visit(browser, tmp_path, expect, small):
    process, address = start_studio(tmp_path)
    with visited(browser, address) as page:
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        process.terminate()
        assert process.wait(20) == 0
        page.reload()
        choose(page, small)
        painted(page, expect, "The Great Wave")
        assert page.evaluate("crossOriginIsolated") is True


SHARED = """
navigator.canShare = () => true;
navigator.share = async ({ files }) => {
  window.shared = files.map(({ name, type, size }) => [name, type, size > 1000]);
};
"""
"""As a browser that hands files to other apps."""


def test_a_painting_is_copied_and_shared(browser, address, expect, small):
    with visited(browser, address, permissions=["clipboard-read", "clipboard-write"]) as page:
        page.add_init_script(SHARED)
        page.reload()
        choose(page, small)
        painted(page, expect, "The Great Wave")
        page.get_by_role("button", name="Copy").click()
        expect(page.locator(".status")).to_contain_text("Copied.")
        types = page.evaluate("async () => (await navigator.clipboard.read()).flatMap((item) => item.types)")
        assert types == ["image/png"]
        page.get_by_role("button", name="Share").click()
        until = "new Promise((done) => setInterval(() => window.shared && done(window.shared), 50))"
        assert page.evaluate(until) == [["small_great_wave.jpg", "image/jpeg", True]]
