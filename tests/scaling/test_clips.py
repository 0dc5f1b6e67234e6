"""Clips among many pictures."""

from __future__ import annotations

import os
import uuid

import pytest

pytest.importorskip("av", reason="the extra video is not installed")

from allaprima.batch.many import stylize_files
from allaprima.scale.folder import FolderJob
from film.clips import gray_frames, make_clip
from scaling.jobs import files, told


@pytest.fixture
def folder(tmp_path):
    """A folder with a clip of twelve frames."""
    (tmp_path / "in").mkdir()
    make_clip(tmp_path / "in" / "clip.mp4", gray_frames(12))
    return tmp_path / "in"


def test_a_clip_is_that_of_the_plain_command_and_done_when_it_is_there(folder, tmp_path):
    assert [outcome.status for outcome in stylize_files(folder, tmp_path / "one", "udnie")] == ["painted"]
    job = FolderJob(folder, tmp_path / "two", "udnie")
    assert told(job) == ["painted"]
    assert files(tmp_path / "two") == files(tmp_path / "one")
    assert told(job) == ["done"]


def test_a_clip_goes_from_store_to_store(folder, tmp_path):
    fsspec = pytest.importorskip("fsspec", reason="the extra cloud is not installed")
    place = f"memory://{uuid.uuid4().hex}"
    store = fsspec.filesystem("memory")
    store.pipe_file(f"{place}/in/clip.mp4", (folder / "clip.mp4").read_bytes())
    job = FolderJob(f"{place}/in", f"{place}/out", "udnie")
    assert told(job) == ["painted"]
    assert told(job) == ["done"]
    assert store.info(f"{place}/out/clip.mp4")["size"] > 1000
    assert not [name for name in os.listdir(folder) if name.endswith(".parts")]  # noqa: PTH208
