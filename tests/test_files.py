"""Files appear whole or not at all."""

from __future__ import annotations

import os
import threading

import pytest

from allaprima.errors import ExistsError, OutputError
from allaprima.files import replacing, replacing_folder, write_bytes

posix = pytest.mark.skipif(os.name != "posix", reason="permissions and links of POSIX")


@pytest.fixture(params=["nameless", "named"], autouse=True)
def kind(request, monkeypatch):
    """Files without a name, as Linux has them, and with one, as elsewhere."""
    if request.param == "named":
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)


def test_a_write_that_fails_leaves_nothing(tmp_path, monkeypatch):
    target = tmp_path / "deep" / "a.png"
    write_bytes(b"first", target)
    assert target.read_bytes() == b"first"

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OutputError, match="No space left"):
        write_bytes(b"second", target)
    assert [path.name for path in target.parent.iterdir()] == ["a.png"]
    assert target.read_bytes() == b"first"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_block_that_fails_leaves_nothing(tmp_path, error):
    with pytest.raises((error, OutputError)), replacing(tmp_path / "a.png") as file:  # noqa: PT012 - so it ends
        file.write(b"half")
        raise error
    assert not list(tmp_path.iterdir())


def test_what_is_there_stays_unless_it_may_be_replaced(tmp_path):
    target = tmp_path / "a.png"
    write_bytes(b"first", target, overwrite=False)
    with pytest.raises(ExistsError) as caught:
        write_bytes(b"second", target, overwrite=False)
    assert isinstance(caught.value, FileExistsError)
    assert caught.value.options == ("overwrite",)
    assert target.read_bytes() == b"first"
    write_bytes(b"second", target)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"second"]


def test_of_many_at_once_one_wins(tmp_path):
    target, start, won = tmp_path / "a.png", threading.Barrier(8), []

    def write(number: int) -> None:
        start.wait()
        try:
            write_bytes(bytes([number]) * 1000, target, overwrite=False)
        except ExistsError:
            return
        won.append(number)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert target.read_bytes() == bytes(won) * 1000
    assert len(list(tmp_path.iterdir())) == 1


@posix
def test_permissions_of_new_files_are_the_users_and_of_replaced_ones_stay(tmp_path):
    target = tmp_path / "a.png"
    umask = os.umask(0)
    os.umask(umask)
    write_bytes(b"x", target)
    assert target.stat().st_mode & 0o777 == 0o666 & ~umask
    target.chmod(0o600)
    write_bytes(b"y", target)
    assert target.stat().st_mode & 0o777 == 0o600


@posix
def test_a_link_stays_a_link(tmp_path):
    link, place = tmp_path / "link.png", tmp_path / "elsewhere" / "a.png"
    link.symlink_to(place)
    with pytest.raises(ExistsError):  # a link to nowhere is something, too
        write_bytes(b"x", link, overwrite=False)
    for data in (b"x", b"y"):
        write_bytes(data, link)
        assert link.is_symlink()
        assert place.read_bytes() == data


def test_a_folder_appears_whole_or_not_at_all(tmp_path):
    place = tmp_path / "deep" / "model.pkg"
    with replacing_folder(place) as folder:
        assert folder.suffix == ".pkg"
        folder.mkdir()
        (folder / "a").write_text("1")
        assert not place.exists()
    assert (place / "a").read_text() == "1"
    with pytest.raises(ZeroDivisionError), replacing_folder(place) as folder:
        folder.mkdir(1 // 0)
    with pytest.raises(OutputError), replacing_folder(place):
        pass  # nothing was made
    with pytest.raises(ExistsError), replacing_folder(place, overwrite=False) as folder:
        folder.mkdir()
    assert (place / "a").read_text() == "1"
    with replacing_folder(place) as folder:
        folder.mkdir()
        (folder / "b").write_text("2")
    assert [path.name for path in place.iterdir()] == ["b"]
    assert [path.name for path in place.parent.iterdir()] == ["model.pkg"]
