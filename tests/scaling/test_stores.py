"""Pictures and results in stores: in memory within this process, and in an S3 server on loopback."""

from __future__ import annotations

import os
import sys
import uuid

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from allaprima.cli import app
from allaprima.errors import EngineError, ExistsError, OutputError, PictureError
from allaprima.scale.bench import Bench
from allaprima.scale.folder import FolderJob
from allaprima.scale.plan import rows
from allaprima.scale.store import Facts, is_address, whole
from allaprima.scale.stores import open_store
from allaprima.stylizer import Stylizer
from scaling.jobs import files, make_folder, told

fsspec = pytest.importorskip("fsspec", reason="the extra cloud is not installed")

from allaprima.scale import s3  # noqa: E402
from allaprima.scale.listing import Columns  # noqa: E402
from allaprima.scale.remote import Remote  # noqa: E402


@pytest.fixture
def address(tmp_path):
    """Four photographs in memory."""
    place = f"memory://{uuid.uuid4().hex}"
    store = fsspec.filesystem("memory")
    for name, data in files(make_folder(tmp_path / "in", 4)).items():
        store.pipe_file(f"{place}/in/{name}", data)
    return place


def test_results_are_in_the_store_and_done_until_a_photograph_changes(address, tmp_path):
    job = FolderJob(f"{address}/in", f"{address}/out", "udnie")
    assert told(job) == ["painted"] * 4
    assert told(job) == ["done"] * 4
    store = fsspec.filesystem("memory")
    names = sorted(path.rpartition("/out/")[2] for path in store.find(f"{address}/out"))
    assert names == [f"d{number % 2}/p{number:04}.png" for number in (0, 2, 1, 3)]
    painting = store.cat_file(f"{address}/out/d0/p0000.png")
    expected = Stylizer(threads=1).stylize(str(tmp_path / "in/d0/p0000.png"), "udnie")
    assert open_image(painting).tobytes() == expected.tobytes()
    store.pipe_file(f"{address}/in/d0/p0000.png", store.cat_file(f"{address}/in/d0/p0002.png"))
    assert told(job) == ["failed", "done", "done", "done"]
    assert told(FolderJob(f"{address}/in", f"{address}/out", "udnie", resume=True)) == ["painted", *["done"] * 3]


def open_image(data):
    import io

    from PIL import Image

    return Image.open(io.BytesIO(data))


def test_folders_and_stores_may_be_mixed(address, tmp_path):
    down = FolderJob(f"{address}/in", tmp_path / "down", "udnie")
    assert told(down) == ["painted"] * 4
    assert told(down) == ["done"] * 4
    up = FolderJob(tmp_path / "in", f"{address}/up", "udnie")
    assert told(up) == ["painted"] * 4
    assert told(up) == ["done"] * 4
    os.utime(tmp_path / "in" / "d0" / "p0000.png", (2e9, 2e9))
    assert told(up) == ["failed", "done", "done", "done"]


def test_results_below_the_photographs_are_no_photographs(address):
    job = FolderJob(f"{address}/in", f"{address}/in/painted", "udnie")
    assert told(job) == ["painted"] * 4
    assert told(job) == ["done"] * 4
    with pytest.raises(OutputError, match="among the photographs"):
        FolderJob(f"{address}/in", address, "udnie")


def test_results_have_a_place_of_their_own_beside_an_address(address):
    assert FolderJob(f"{address}/in/", style="udnie").target == f"{address}/in_udnie"


def test_nothing_is_replaced_unasked(address):
    store = open_store(f"{address}/in")
    with pytest.raises(ExistsError):
        store.write("d0/p0000.png", b"x", overwrite=False)
    store.write("d0/p0000.png", b"x", overwrite=True)
    assert store.read("d0/p0000.png") == b"x"


def test_where_files_appear_before_they_are_whole_they_are_renamed(address, monkeypatch):
    store = open_store(f"{address}/in")
    monkeypatch.setattr(store, "_puts_whole", False)
    store.write("new/a.png", b"whole", overwrite=False)
    assert store.read("new/a.png") == b"whole"
    monkeypatch.setattr(store._fs, "mv", lambda *_: 1 / 0)
    with pytest.raises(OutputError, match=r"new/b\.png cannot be written: division by zero"):
        store.write("new/b.png", b"whole", overwrite=False)
    assert [path.rpartition("/")[2] for path in store._fs.find(f"{address}/in/new")] == ["a.png"]


def test_stamps_are_found_wherever_formats_put_them(address, tmp_path):
    for suffix in ("webp", "tif", "gif", "jpg"):
        job = FolderJob(f"{address}/in", f"{address}/{suffix}", "udnie", format=suffix)
        bench = Bench(job.order)
        plan = list(rows(job.source, job.target, f".{suffix}"))
        assert {bench.paint(row, "missing").status for row in plan} == {"painted"}
        assert bench.standings(plan) == ["done"] * 4


@pytest.mark.parametrize(
    ("place", "error", "words"),
    [
        ("memory://nothing/here", PictureError, "cannot be searched: there is nothing|holds no pictures"),
        ("nonsense://x", PictureError, "nonsense://x is no address"),
    ],
)
def test_places_that_cannot_be_searched_are_refused(place, error, words):
    with pytest.raises(error, match=words):
        FolderJob(place, "memory://out", "udnie")


def test_without_fsspec_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    monkeypatch.delitem(sys.modules, "allaprima.scale.remote", raising=False)
    with pytest.raises(EngineError, match=r"^addresses need the package fsspec: pip install .*\[cloud\]"):
        open_store("s3://bucket")


def test_addresses_are_told_from_paths():
    assert is_address("s3://bucket/a")
    assert is_address("memory://a")
    assert not any(map(is_address, ("https://a.b/c", "photos/s3", "C:\\photos", "/a//b", "-")))
    assert whole("file:///a%20b/c/") == "/a b/c"
    assert whole("s3://bucket/a/") == "s3://bucket/a"


@pytest.fixture
def bucket(monkeypatch):
    """The address of an empty bucket of a server on loopback."""
    server = pytest.importorskip("moto.server", reason="moto is not installed")
    pytest.importorskip("s3fs", reason="the extra cloud is not installed")
    running = server.ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    name = f"studio-{uuid.uuid4().hex}"  # what was stored outlives the server
    fsspec.filesystem("s3", skip_instance_cache=True).mkdir(name)
    yield f"s3://{name}"
    running.stop()


def test_a_prefix_is_listed_page_by_page_as_it_is_listed_at_once(bucket, tmp_path, monkeypatch):
    store = fsspec.filesystem("s3", skip_instance_cache=True, use_listings_cache=False)
    store.pipe({f"{bucket}/in/{name}": name.encode() for name in ("b.png", "a.jpg", "ü.png", "z.txt", "sub/c.gif")})
    at_once = list(Remote(f"{bucket}/in").folders("", pytest.fail))
    assert [(listing.folder, listing.names) for listing in at_once] == [
        ("", ["a.jpg", "b.png", "ü.png"]), ("sub/", ["c.gif"]),
    ]  # fmt: skip
    monkeypatch.setattr(s3, "_PAGE", 2)
    paged = list(Remote(f"{bucket}/in").folders("", pytest.fail))
    monkeypatch.setattr(s3, "pages", lambda *_: iter(()))
    assert list(map(told_in, paged)) == list(map(told_in, at_once))
    assert list(map(told_in, Remote(f"{bucket}/in").folders("", pytest.fail))) == list(map(told_in, at_once))
    assert all(facts.size and facts.modified for listing in paged for facts in listing.facts)
    with pytest.raises(PictureError, match="cannot be searched: there is nothing"):
        list(Remote(f"{bucket}/out").folders("", pytest.fail))


def told_in(listing):
    return listing.folder, listing.names, list(listing.facts)


@given(st.lists(st.builds(Facts, st.integers(0, 2**40), st.integers(0, 2**64 - 1).map("{:016x}".format), st.floats(0))))
def test_facts_in_columns_are_the_facts(facts):
    assert list(Columns(facts)) == facts
    assert list(Columns(facts)[1:]) == facts[1:]


def test_a_picture_takes_four_requests(bucket, tmp_path, monkeypatch):
    """Its result is looked for, it is read, its result's place is looked at once more and taken."""
    s3fs = pytest.importorskip("s3fs")
    asked: list[str] = []
    call = s3fs.S3FileSystem._call_s3

    async def counted(store, method, *words, **more):
        asked.append(method)
        return await call(store, method, *words, **more)

    photo = make_folder(tmp_path, 1) / "d0" / "p0000.png"
    fsspec.filesystem("s3", skip_instance_cache=True).pipe_file(f"{bucket}/in/a.png", photo.read_bytes())
    monkeypatch.setattr(s3fs.S3FileSystem, "_call_s3", counted)
    bench = Bench(FolderJob(f"{bucket}/in", f"{bucket}/out", "udnie").order)
    plan = list(rows(f"{bucket}/in", f"{bucket}/out", None))
    asked.clear()
    assert [bench.paint(row, stands).status for row, stands in zip(plan, bench.standings(plan), strict=True)] == [
        "painted"
    ]
    assert asked == ["get_object", "get_object", "get_object", "put_object"]
    asked.clear()
    assert bench.standings(plan) == ["done"]
    assert asked == ["get_object"]


def test_the_command_paints_from_bucket_to_bucket(bucket, tmp_path):
    folder = make_folder(tmp_path / "in", 6)
    (folder / "d0" / "broken.jpg").write_bytes(b"x")
    store = fsspec.filesystem("s3", skip_instance_cache=True, use_listings_cache=False)
    store.put(f"{folder}/", f"{bucket}/in/", recursive=True)
    words = ["stylize", f"{bucket}/in", "-s", "udnie", "-o", f"{bucket}/out", "--threads", "2"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 1, result.stderr
    assert result.stderr.splitlines() == [
        f"allaprima: {bucket}/in/d0/broken.jpg: it is not a picture of a known format",
        f"painted 6 pictures into {bucket}/out/",
    ]
    first = {path: store.cat_file(path) for path in store.find(f"{bucket}/out")}
    assert len(first) == 6
    assert CliRunner().invoke(app, words).stderr.splitlines()[-1] == "6 pictures were painted before"
    assert {path: store.cat_file(path) for path in store.find(f"{bucket}/out")} == first
