"""Where the loss network's weights come from: a file on disk, the user's cache, or one download into it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import h5py
import numpy as np
import torch
from filelock import FileLock
from platformdirs import user_cache_path
from safetensors import safe_open
from torch import Tensor

from allaprima.errors import TrainingError
from allaprima.training.perceptual import VGG16_LAYERS

ENVIRONMENT = "ALLAPRIMA_VGG16"
FILE = "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"
URLS = (
    f"https://storage.googleapis.com/tensorflow/keras-applications/vgg16/{FILE}",
    f"https://github.com/fchollet/deep-learning-models/releases/download/v0.1/{FILE}",
)
"""Keras's copy of the original ImageNet weights (Simonyan & Zisserman, CC BY 4.0), 59 MB; the same file at each."""
MD5 = "6d6bbae143d832006294945121d1f1fc"
"""The digest that Keras publishes of it; there is no SHA-256 to compare with. Nobody can make another file for a given
MD5, only two files that share one."""

TIMEOUT = 30.0  # seconds without a byte
CHUNK = 1 << 16
TORCHVISION = dict(zip((name for name, _, _ in VGG16_LAYERS), (0, 2, 5, 7, 10, 12, 14, 17, 19, 21), strict=True))
WAY_OUT = f"a file on disk (.h5 or .safetensors) can be named, also by {ENVIRONMENT}"
HELPS = ("vgg16",)

Progress = Callable[[int, int], None]
"""Told of (bytes done, bytes in all) while a file arrives; in all is 0 where the server does not say."""


def load_weights(source: Path | None = None, progress: Progress | None = None) -> dict[str, Tensor]:
    """``conv1_1.weight`` [64, 3, 3, 3] … ``conv4_3.bias`` [512], float32, for RGB in 0..255 minus ``RGB_MEAN``.

    They come from ``source``, else the file that ``ALLAPRIMA_VGG16`` names, else the user's cache, which is filled
    by a download when it is empty.

    Raises:
        TrainingError: the file is missing, unreadable or not VGG16, or cannot be downloaded.
    """
    named = source or os.environ.get(ENVIRONMENT)
    if named:
        return read_weights(Path(named).expanduser())
    cached = user_cache_path("allaprima", appauthor=False) / FILE
    if not cached.exists():
        download(URLS, cached, MD5, progress)
    try:
        return read_weights(cached)
    except TrainingError as error:
        raise TrainingError(f"{cached} is damaged; delete it, and it will be downloaded again") from error


def read_weights(path: Path) -> dict[str, Tensor]:
    """The weights in a local file, in the form of ``load_weights``.

    An ``.h5`` file has Keras's layout. A ``.safetensors`` file has this module's names or torchvision's
    (``features.0.weight`` …), of any float type, and must be meant for this input: of torchvision's own weights only
    ``IMAGENET1K_FEATURES`` is.

    Raises:
        TrainingError: the file is missing, unreadable, or holds something else.
    """
    readers = {".h5": _read_keras, ".safetensors": _read_safetensors}
    reader = readers.get(path.suffix.lower())
    if not path.is_file():
        raise TrainingError(f"there is no VGG16 file at {path}; {WAY_OUT}", options=HELPS)
    if reader is None:
        raise TrainingError(f"{path} is not a kind of VGG16 file that is read here; {WAY_OUT}", options=HELPS)
    try:
        weights = reader(path)
    except Exception as error:  # h5py and safetensors raise OSError, KeyError, ValueError, SafetensorError, …
        reason = str(error).strip("\"'") or type(error).__name__
        raise TrainingError(
            f"{path} does not hold readable VGG16 weights ({reason}); {WAY_OUT}", options=HELPS
        ) from error
    for name, inputs, outputs in VGG16_LAYERS:
        for key, shape in ((f"{name}.weight", (outputs, inputs, 3, 3)), (f"{name}.bias", (outputs,))):
            if weights[key].shape != shape:
                found = list(weights[key].shape)
                raise TrainingError(
                    f"{path} is not VGG16: {key} is {found} instead of {list(shape)}; {WAY_OUT}", options=HELPS
                )
    return weights


def _read_keras(path: Path) -> dict[str, Tensor]:
    """Keras keeps kernels as HWIO, and conv1_1 takes BGR as Caffe's did."""
    weights: dict[str, Tensor] = {}
    with h5py.File(path, "r") as file:
        for name, _, _ in VGG16_LAYERS:
            layer = f"block{name[4]}_{name[:4]}{name[6]}"
            kernel = np.asarray(file[f"{layer}/{layer}_W_1:0"], np.float32).transpose(3, 2, 0, 1)
            if name == "conv1_1":
                kernel = kernel[:, ::-1]
            weights[f"{name}.weight"] = torch.from_numpy(np.ascontiguousarray(kernel))
            weights[f"{name}.bias"] = torch.from_numpy(np.asarray(file[f"{layer}/{layer}_b_1:0"], np.float32))
    return weights


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    """Already OIHW and RGB; deeper layers in the file are left there."""
    with safe_open(path, framework="pt") as file:
        theirs = "features.0.weight" in file.keys()  # noqa: SIM118 - not a dict
        return {
            f"{name}.{kind}": file.get_tensor(f"features.{number}.{kind}" if theirs else f"{name}.{kind}").float()
            for name, number in TORCHVISION.items()
            for kind in ("weight", "bias")
        }


def download(urls: Sequence[str], target: Path, md5: str, progress: Progress | None = None) -> None:
    """Fetch ``target`` from the first of ``urls`` that delivers it; nothing happens if it is there.

    It grows as ``target.part``, which the next attempt goes on with, and takes its name once its hash is right.

    Raises:
        TrainingError: no URL delivers the file with that MD5, or the folder cannot be written.
    """
    part = target.with_name(f"{target.name}.part")
    failures: list[str] = []
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{target}.lock"):  # two writers would spoil the part; a killed one leaves the lock free
            if target.exists():  # the process that was waited for has fetched it
                return
            for url in urls:
                try:
                    _transfer(url, part, progress)
                except (OSError, HTTPException) as error:
                    failures.append(f"{url}: {str(error).strip('<>')}")
                    continue
                if _md5(part) == md5:
                    os.replace(part, target)
                    return
                part.unlink()
                failures.append(f"{url}: what arrived does not have the MD5 {md5}")
    except OSError as error:
        raise TrainingError(
            f"{target} cannot be written: {error.strerror or error}; {WAY_OUT}", options=HELPS
        ) from error
    raise TrainingError(f"VGG16 cannot be downloaded ({'; '.join(failures)}); {WAY_OUT}", options=HELPS)


def _transfer(url: str, part: Path, progress: Progress | None) -> None:
    """Append what ``part`` lacks of the file at ``url``.

    Raises:
        OSError, HTTPException: the server cannot be reached, refuses, or stops halfway.
    """
    done = part.stat().st_size if part.exists() else 0
    request = Request(url, headers={"Range": f"bytes={done}-"} if done else {})
    try:
        response = urlopen(request, timeout=TIMEOUT)
    except HTTPError as error:
        if done and error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            return  # nothing lies beyond the part: it is whole, or its hash will tell that it is something else
        raise
    with response:
        if response.status != HTTPStatus.PARTIAL_CONTENT:
            done = 0  # this server only sends the whole
        length = response.headers.get("Content-Length")
        total = done + int(length) if length else 0
        with part.open("ab" if done else "wb") as file:
            while chunk := response.read(CHUNK):
                file.write(chunk)
                done += len(chunk)
                if progress is not None:
                    progress(done, total)
    if done < total:
        raise OSError(f"the connection was cut after {done:,} of {total:,} bytes")


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
