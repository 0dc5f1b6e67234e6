"""Where VGG16's weights come from: local files of each layout, and downloads from a server on this machine."""

import hashlib
import os
import re
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from allaprima.errors import TrainingError
from allaprima.training import vgg16
from allaprima.training.perceptual import VGG16_LAYERS

REAL_FILE = os.environ.get("ALLAPRIMA_VGG16")
DATA = np.random.default_rng(0).bytes(300_001)
DATA_MD5 = hashlib.md5(DATA).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves ``data`` at every path but /missing, as faithfully as its switches say."""

    daemon_threads = True

    def __init__(self, data: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.data = data
        self.cut: int | None = None  # close the connection after so many bytes, once
        self.ranges = True
        self.lengths = True
        self.requests: list[str | None] = []  # each one's Range header
        self.sent = 0

    def url(self, path: str = "file.h5") -> str:
        return f"http://127.0.0.1:{self.server_port}/{path}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        wanted = self.headers["Range"]
        self.server.requests.append(wanted)
        if self.path == "/missing":
            self.send_error(404)
            return
        start = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1]) if wanted and self.server.ranges else 0
        if start >= len(self.server.data):
            self.send_error(416)
            return
        body = self.server.data[start:]
        self.send_response(206 if start else 200)
        if self.server.lengths:
            self.send_header("Content-Length", str(len(body)))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(self.server.data) - 1}/{len(self.server.data)}")
        self.end_headers()
        body, self.server.cut = body[: self.server.cut], None
        self.server.sent += len(body)  # before the client can have read it all
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Server(DATA) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def target(tmp_path) -> Path:
    return tmp_path / "cache" / "file.h5"


@pytest.fixture
def part(target) -> Path:
    return target.with_name("file.h5.part")


@pytest.fixture
def no_file_named(monkeypatch, tmp_path) -> Path:
    """Neither ``ALLAPRIMA_VGG16`` nor anything in the cache, whose file would be at the path returned."""
    monkeypatch.delenv("ALLAPRIMA_VGG16", raising=False)
    monkeypatch.setattr(vgg16, "user_cache_path", lambda *_, **__: tmp_path / "cache")
    return tmp_path / "cache" / vgg16.FILE


def write_keras(path: Path, arrays: dict[str, np.ndarray]) -> None:
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file[name] = array


def keras_arrays(kernel: tuple[int, ...] | None = None) -> dict[str, np.ndarray]:
    """Random weights in Keras's layout; kernels of VGG16's shapes, or all of one small shape."""
    rng = np.random.default_rng(1)
    arrays = {}
    for name, inputs, outputs in VGG16_LAYERS:
        layer = f"block{name[4]}_conv{name[6]}"
        shape = kernel or (3, 3, inputs, outputs)
        arrays[f"{layer}/{layer}_W_1:0"] = rng.random(shape, np.float32).astype(np.float16)
        arrays[f"{layer}/{layer}_b_1:0"] = rng.random(shape[-1], np.float32)
    return arrays


@pytest.fixture(scope="session")
def keras_file(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("keras") / "random.h5"
    write_keras(path, keras_arrays())
    return path


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_keras_layout_becomes_oihw_for_rgb(tmp_path):
    arrays = keras_arrays(kernel=(2, 3, 3, 5))  # all four axes tell themselves apart but for the channels reversed
    write_keras(tmp_path / "small.h5", arrays)
    weights = vgg16._read_keras(tmp_path / "small.h5")
    assert list(weights) == [f"{name}.{kind}" for name, _, _ in VGG16_LAYERS for kind in ("weight", "bias")]
    assert {value.dtype for value in weights.values()} == {torch.float32}

    first, last = arrays["block1_conv1/block1_conv1_W_1:0"], arrays["block4_conv3/block4_conv3_W_1:0"]
    for y, x, o in np.ndindex(2, 3, 5):
        blue, green, red = first[y, x, :, o]
        assert weights["conv1_1.weight"][o, :, y, x].tolist() == [red, green, blue]
        assert weights["conv4_3.weight"][o, :, y, x].tolist() == last[y, x, :, o].tolist()
    assert weights["conv3_2.bias"].tolist() == arrays["block3_conv2/block3_conv2_b_1:0"].tolist()


def test_bgr_and_rgb_see_the_same_picture(keras_file):
    """conv1_1 of an RGB picture here is what Keras's conv1_1 makes of its BGR picture."""
    rgb = np.random.default_rng(2).random((3, 3, 3), np.float32)  # height, width, channel
    kernel = keras_arrays()["block1_conv1/block1_conv1_W_1:0"].astype(np.float32)
    expected = np.einsum("hwi,hwio->o", rgb[..., ::-1], kernel)
    weight = vgg16.read_weights(keras_file)["conv1_1.weight"].numpy()
    np.testing.assert_allclose(np.einsum("hwi,oihw->o", rgb, weight), expected, rtol=1e-5)


def test_safetensors_of_either_naming(vgg16_file, vgg16_weights, tmp_path):
    ours = vgg16.load_weights(vgg16_file)
    assert {name: value.shape for name, value in ours.items()} == {n: v.shape for n, v in vgg16_weights.items()}
    assert {value.dtype for value in ours.values()} == {torch.float32}
    assert all(torch.equal(ours[name], value.half().float()) for name, value in vgg16_weights.items())

    numbers = dict(zip([name for name, _, _ in VGG16_LAYERS], (0, 2, 5, 7, 10, 12, 14, 17, 19, 21), strict=True))
    theirs = {f"features.{numbers[k.split('.')[0]]}.{k.split('.')[1]}": v for k, v in load_file(vgg16_file).items()}
    theirs["features.24.bias"] = torch.zeros(512)
    save_file(theirs, tmp_path / "torchvision.safetensors")
    assert same(vgg16.load_weights(tmp_path / "torchvision.safetensors"), ours)


def test_source_goes_before_environment_before_cache(no_file_named, vgg16_file, keras_file, tmp_path, monkeypatch):
    no_file_named.parent.mkdir()
    shutil.copy(keras_file, no_file_named)
    cached, other = vgg16.load_weights(), vgg16.load_weights(vgg16_file)
    assert same(cached, vgg16.read_weights(keras_file))
    assert not same(cached, other)

    monkeypatch.setenv("ALLAPRIMA_VGG16", "")
    assert same(vgg16.load_weights(), cached)
    monkeypatch.setenv("ALLAPRIMA_VGG16", str(vgg16_file))
    assert same(vgg16.load_weights(), other)
    assert same(vgg16.load_weights(keras_file), cached)
    monkeypatch.setenv("ALLAPRIMA_VGG16", str(tmp_path / "moved.h5"))
    with pytest.raises(TrainingError, match=r"there is no VGG16 file at .*moved\.h5"):
        vgg16.load_weights()


def test_an_empty_cache_is_filled_once(no_file_named, server, keras_file, monkeypatch):
    server.data = keras_file.read_bytes()
    monkeypatch.setattr(vgg16, "URLS", (server.url(),))
    monkeypatch.setattr(vgg16, "MD5", hashlib.md5(server.data).hexdigest())
    expected = vgg16.read_weights(keras_file)
    for _ in range(2):
        assert same(vgg16.load_weights(), expected)
    assert len(server.requests) == 1

    no_file_named.write_bytes(server.data[:-1000])
    with pytest.raises(TrainingError, match="is damaged; delete it, and it will be downloaded again"):
        vgg16.load_weights()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("missing.h5", None, "there is no VGG16 file at"),
        ("weights.pth", b"PK", "not a kind of VGG16 file"),
        ("empty.h5", b"", "does not hold readable VGG16 weights"),
        ("text.h5", b"<html>no</html>" * 1000, "does not hold readable VGG16 weights"),
        ("empty.safetensors", b"", "does not hold readable VGG16 weights"),
        ("text.safetensors", b"<html>no</html>" * 1000, "does not hold readable VGG16 weights"),
    ],
)
def test_files_that_are_no_weights(tmp_path, name, content, words):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(TrainingError, match=words) as caught:
        vgg16.load_weights(tmp_path / name)
    assert name in str(caught.value)
    assert caught.value.options == ("vgg16",)
    assert "\n" not in str(caught.value)


def test_a_folder_is_no_weights(tmp_path):
    with pytest.raises(TrainingError, match="there is no VGG16 file at"):
        vgg16.load_weights(tmp_path)


def test_weights_of_something_else(tmp_path, vgg16_weights):
    write_keras(tmp_path / "dense.h5", {"dense_1/kernel:0": np.zeros((2, 2))})
    write_keras(tmp_path / "groups.h5", {"block1_conv1/block1_conv1_W_1:0/deeper": np.zeros((2, 2))})
    write_keras(tmp_path / "thin.h5", keras_arrays(kernel=(3, 3, 3, 4)))
    save_file({"conv1_1.weight": vgg16_weights["conv1_1.weight"]}, tmp_path / "one.safetensors")
    save_file({**vgg16_weights, "conv3_1.bias": torch.zeros(128)}, tmp_path / "odd.safetensors")
    for name, words in {
        "dense.h5": "does not hold readable VGG16 weights",
        "groups.h5": "does not hold readable VGG16 weights",
        "thin.h5": r"conv1_1.weight is \[4, 3, 3, 3\] instead of \[64, 3, 3, 3\]",
        "one.safetensors": "does not contain tensor conv1_1.bias",
        "odd.safetensors": r"conv3_1.bias is \[128\] instead of \[256\]",
    }.items():
        with pytest.raises(TrainingError, match=words):
            vgg16.load_weights(tmp_path / name)


@pytest.mark.parametrize("lengths", [True, False])
def test_download(server, target, part, lengths):
    server.lengths = lengths
    seen: list[tuple[int, int]] = []
    vgg16.download([server.url()], target, DATA_MD5, lambda done, total: seen.append((done, total)))
    assert target.read_bytes() == DATA
    assert not part.exists()
    assert server.requests == [None]
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})
    assert len(seen) > 1
    assert seen[-1][0] == len(DATA)
    assert {total for _, total in seen} == {len(DATA) if lengths else 0}
    vgg16.download([server.url()], target, DATA_MD5)
    assert len(server.requests) == 1


def test_a_cut_download_is_resumed(server, target, part):
    server.cut = 200_000
    with pytest.raises(TrainingError, match="the connection was cut after"):
        vgg16.download([server.url()], target, DATA_MD5)
    kept = part.stat().st_size
    assert 0 < kept <= 200_000
    assert part.read_bytes() == DATA[:kept]
    assert not target.exists()

    server.sent = 0
    seen: list[tuple[int, int]] = []
    vgg16.download([server.url()], target, DATA_MD5, lambda done, total: seen.append((done, total)))
    assert target.read_bytes() == DATA
    assert server.requests == [None, f"bytes={kept}-"]
    assert server.sent == len(DATA) - kept
    assert kept < seen[0][0] <= seen[-1][0] == len(DATA)
    assert {total for _, total in seen} == {len(DATA)}


def test_an_interrupt_keeps_the_part(server, target, part):
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        vgg16.download([server.url()], target, DATA_MD5, interrupt)
    kept = part.stat().st_size
    assert part.read_bytes() == DATA[:kept]
    vgg16.download([server.url()], target, DATA_MD5)
    assert server.requests[1:] == [f"bytes={kept}-"]
    assert target.read_bytes() == DATA


def test_a_server_without_ranges_starts_over(server, target, part):
    target.parent.mkdir()
    part.write_bytes(DATA[:1000])
    server.ranges = False
    vgg16.download([server.url()], target, DATA_MD5)
    assert server.requests == ["bytes=1000-"]
    assert target.read_bytes() == DATA


def test_a_part_that_was_whole_already(server, target, part):
    target.parent.mkdir()
    part.write_bytes(DATA)
    vgg16.download([server.url()], target, DATA_MD5)
    assert target.read_bytes() == DATA
    assert server.sent == 0


@pytest.mark.parametrize("rubbish", [b"rubbish", b"rubbish" + DATA])
def test_a_part_of_something_else_is_thrown_away(server, target, part, rubbish):
    target.parent.mkdir()
    part.write_bytes(rubbish)
    with pytest.raises(TrainingError, match="does not have the MD5"):
        vgg16.download([server.url()], target, DATA_MD5)
    assert not part.exists()
    part.write_bytes(rubbish)
    vgg16.download([server.url(), server.url()], target, DATA_MD5)  # the second URL starts afresh
    assert target.read_bytes() == DATA


def test_a_wrong_hash_leaves_nothing(server, target, part):
    with pytest.raises(TrainingError, match=f"does not have the MD5 {'0' * 32}") as caught:
        vgg16.download([server.url()], target, "0" * 32)
    assert server.url() in str(caught.value)
    assert not part.exists()
    assert not target.exists()


def test_the_second_url_stands_in_for_the_first(server, target):
    vgg16.download([server.url("missing"), server.url()], target, DATA_MD5)
    assert target.read_bytes() == DATA


def test_a_missing_file_and_no_network(server, target, no_file_named, monkeypatch):
    with pytest.raises(TrainingError, match="404") as caught:
        vgg16.download([server.url("missing")], target, DATA_MD5)
    assert server.url("missing") in str(caught.value)

    with Server(DATA) as closed:
        nobody = closed.url()
    monkeypatch.setattr(vgg16, "URLS", (nobody,))
    with pytest.raises(TrainingError) as caught:
        vgg16.load_weights()
    assert nobody in str(caught.value)
    assert "ALLAPRIMA_VGG16" in str(caught.value)
    assert caught.value.options == ("vgg16",)
    assert "\n" not in str(caught.value)


def test_a_cache_that_cannot_be_written(server, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(TrainingError, match=r"cannot be written: .*; a file on disk"):
        vgg16.download([server.url()], tmp_path / "file" / "deeper.h5", DATA_MD5)


def test_two_at_once_fetch_one_file(server, target):
    errors: list[Exception] = []

    def fetch() -> None:
        try:
            vgg16.download([server.url()], target, DATA_MD5)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=fetch) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert target.read_bytes() == DATA
    assert server.requests == [None]


def test_the_real_file():
    if not REAL_FILE:
        pytest.skip("ALLAPRIMA_VGG16 does not name a file with the real weights")
    weights = vgg16.load_weights()
    shapes = {name: tuple(value.shape) for name, value in weights.items()}
    assert shapes == {
        key: shape
        for name, inputs, outputs in VGG16_LAYERS
        for key, shape in ((f"{name}.weight", (outputs, inputs, 3, 3)), (f"{name}.bias", (outputs,)))
    }
    assert all(value.isfinite().all() and value.std() > 0 for value in weights.values())
