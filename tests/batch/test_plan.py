"""Which pictures there are, and where results go."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allaprima.batch.plan import Job, Plan, result_names
from allaprima.errors import ExistsError, OutputError, PictureError
from allaprima.picture.folder import pictures_below
from allaprima.picture.formats import SUFFIXES
from support import touch


def test_searching_is_lazy_and_follows_no_circle(tmp_path):
    folder = tmp_path / "in"
    for name in ("a.jpg", "deep/b.PNG", ".hidden.jpg", ".git/c.jpg", "notes.txt", "out/d.jpg"):
        touch(folder / name)
    (folder / "circle").symlink_to(folder)
    (folder / "itself.jpg").symlink_to(folder / "itself.jpg")
    (folder / "nothing.jpg").symlink_to(folder / "gone.jpg")
    (folder / "link.jpg").symlink_to(folder / "notes.txt")
    if hasattr(os, "mkfifo"):
        os.mkfifo(folder / "pipe.jpg")
    found = {path.relative_to(folder).as_posix() for path in pictures_below(folder, leave_out=folder / "out")}
    assert found == {"a.jpg", "link.jpg", "deep/b.PNG"}
    assert next(pictures_below(folder, leave_out=folder / "out"))


def test_a_subfolder_that_cannot_be_searched_is_a_job_that_is_refused(tmp_path, monkeypatch):
    for name in ("a.jpg", "closed/b.jpg", "open/c.jpg"):
        touch(tmp_path / "in" / name)
    scandir = os.scandir

    def guarded(path):
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)
    plan = Plan((tmp_path / "in",), tmp_path / "out", "x")
    jobs = {job.source.name: job for job in plan.jobs()}
    assert set(jobs) == {"a.jpg", "c.jpg", "closed"}
    with pytest.raises(PictureError, match="cannot be searched: Permission denied"):
        plan.check(jobs["closed"], overwrite=True)


def test_results_never_replace_pictures_of_a_folder(tmp_path):
    for name in ("one/a.png", "two/a.png"):
        touch(tmp_path / name)
    one, two = tmp_path / "one", tmp_path / "two"
    plan = Plan((one, two), two, "x")
    for job in plan.jobs():
        with pytest.raises((OutputError, PictureError), match="would"):
            plan.check(job, overwrite=True)


@pytest.mark.parametrize("rival", ["a.png", "a.tga", "a.PNG"])
def test_results_of_two_folders_never_meet(tmp_path, rival):
    touch(tmp_path / "one" / rival)
    touch(tmp_path / "two" / "a.png")
    plan = Plan((tmp_path / "one", tmp_path / "two"), tmp_path / "out", "x")
    first, second = plan.jobs()
    plan.check(first, overwrite=False)
    with pytest.raises(PictureError, match="both be written"):
        plan.check(second, overwrite=True)


def test_a_file_and_a_folder_for_one_result(tmp_path):
    touch(tmp_path / "a.png")
    touch(tmp_path / "in" / "a_x.PNG")
    plan = Plan((tmp_path / "in", tmp_path / "a.png"), tmp_path / "out", "x")
    refused = [job.source.name for job in plan.jobs() if job.refusal]
    assert refused == ["a_x.PNG"]


def test_what_is_named_twice_is_painted_once(tmp_path):
    folder, file = tmp_path / "in", touch(tmp_path / "a.png")
    touch(folder / "b.png")
    plan = Plan((file, folder, file, folder / ".." / "in", tmp_path / "in" / ".." / "a.png"), tmp_path / "out", "x")
    assert sorted(job.source.name for job in plan.jobs()) == ["a.png", "b.png"]
    assert plan.count() == 2


names = st.builds(
    lambda stem, suffix: stem + suffix,
    st.text("aAbBéÉ.ﬁß", min_size=1, max_size=3).filter(lambda stem: not stem.startswith(".")),
    st.sampled_from([case for suffix in sorted(SUFFIXES)[:6] for case in (suffix, suffix.upper(), suffix.title())]),
)


@given(st.lists(names, unique=True, max_size=12), st.sampled_from([None, ".png", ".jpg"]))
def test_no_two_results_of_a_folder_are_alike_on_any_file_system(sources, suffix):
    results = result_names(sources, suffix)
    assert set(results) == set(sources)
    assert len({result.casefold() for result in results.values()}) == len(sources)
    assert results == result_names(reversed(sources), suffix)


def test_names_of_results():
    assert result_names(["a.png", "a.tga", "b.tga", "c.jpg"], None) == {
        "a.png": "a.png", "a.tga": "a.tga.png", "b.tga": "b.png", "c.jpg": "c.jpg",
    }  # fmt: skip
    assert result_names(["a.Png", "a.Jpg"], ".png") == {"a.Jpg": "a.Jpg.png", "a.Png": "a.Png.png"}


def test_a_link_counts_as_something_that_exists(tmp_path):
    photo, link = touch(tmp_path / "a.png"), tmp_path / "b.png"
    link.symlink_to(tmp_path / "gone.png")
    plan = Plan((photo,), link, "x", to_file=True)
    with pytest.raises(ExistsError):
        plan.check(Job(photo, link), overwrite=False)
    plan.check(Job(photo, link), overwrite=True)


def test_links_in_a_circle_are_no_trouble(tmp_path):
    circle = tmp_path / "a.png"
    circle.symlink_to(circle)
    (job,) = Plan((circle,), None, "x").jobs()
    assert job.target == tmp_path / "a_x.png"


@pytest.mark.parametrize(
    ("source", "suffix", "sheet", "result"),
    [
        ("fox.MP4", None, False, "fox_x.MP4"), ("fox.avi", None, False, "fox_x.mp4"),
        ("fox.webm", ".mkv", False, "fox_x.mkv"), ("fox.mp4", ".gif", False, "fox_x.gif"),
        ("fox.mp4", ".jpg", False, "fox_x.mp4"), ("fox.mp4", None, True, "fox_x.jpg"),
        ("fox.mp4", ".png", True, "fox_x.png"), ("fox.png", ".mp4", False, "fox_x.png"),
    ],
)  # fmt: skip
def test_clips_keep_a_container_that_is_written(tmp_path, source, suffix, sheet, result):
    plan = Plan((tmp_path / source,), tmp_path, "x", suffix, sheet=sheet)
    (job,) = plan.jobs()
    assert job.target.name == result
    plan.check(job, overwrite=False)


def test_folders_have_pictures_and_clips(tmp_path):
    for name in ("a.png", "b.mp4", "c.txt", "d.ts"):
        (tmp_path / name).touch()
    assert [job.source.name for job in Plan((tmp_path,), None, "x").jobs()] == ["a.png", "b.mp4"]
