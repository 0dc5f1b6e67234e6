"""What many pictures cost on an engine, and whether killed workers change the results.

    python benchmarks/scale.py photos/
    python benchmarks/scale.py photos/ --engines threads here dask ray --counts 100 1000 10000 --names 1000000
    python benchmarks/scale.py photos/ --engines ray --parts overhead --counts 100000 --add

Eight questions, each with its own part of the results:

- ``planning``: seconds and memory to find so many files in one folder, or objects under one prefix of a store, and to
  name their results.
- ``rows``: what a row costs the one process that hands all of them out and writes the report.
- ``idle``: what an engine takes for itself while its two workers only wait.
- ``overhead``: pictures of 32×32 pixels, by threads of one process (``stylize FOLDER``) and by each engine: what a
  picture costs beyond painting it, and how that grows with their number. Then the same job again, which is done.
- ``stores``: the same pictures from bucket to bucket of an S3 server on this machine (moto), whose own work does not
  count; then again.
- ``photographs``: real ones, by threads, by one worker and by two; bytes read and written.
- ``commands``: the same by whole commands, from start to end, and again when all is done.
- ``kills``: workers are killed at random moments, and the results compared byte by byte with those of one process.

Processor time is that of all processes of a run, which others on the machine disturb less than the clock; how many
cores worked for others meanwhile is said beside it. Every run is a process of its own, so that its memory is its own.

The file of results has for each part the runs that measured it, each with its command, day and machine. A run takes the
place of those before it or, with ``--add``, stands beside them; a part that is not asked for is left as it is.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import pickle
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import suppress
from io import BytesIO
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from allaprima.batch.many import stylize_files
from allaprima.batch.report import Report
from allaprima.engine.machine import cores
from allaprima.evaluation.record import command_line, record, versions
from allaprima.scale.engines import open_engine
from allaprima.scale.folder import FolderJob
from allaprima.scale.rows import Done, Row
from allaprima.scale.run import ScaleRun
from folder import make_folder
from killing import below, killing
from progress import write_results
from s3_lists import client_environment, listing_server
from speed import RESULTS, at_least_one, parse_size

STYLE = "great_wave"
TINY = (32, 32)
ENGINES = ("threads", "here", "dask", "ray")
PARTS = ("planning", "rows", "idle", "overhead", "stores", "photographs", "commands", "kills")
VICTIMS = {"here": r"allaprima\.scale\.helper", "dask": "spawn_main|forkserver", "ray": "^ray::paint_rows"}
"""What the command line of an engine's worker has."""
PACKAGES = {"dask": "distributed", "ray": "ray"}
TICKS = os.sysconf("SC_CLK_TCK")

PLAN = """
import re, sys, time
from allaprima.scale.plan import rows
peak = lambda: int(re.search(r"VmHWM:\\s*(\\d+) kB", open("/proc/self/status").read())[1])
before, began, used = peak(), time.perf_counter(), time.process_time()
count = sum(1 for _ in rows(sys.argv[1], "/nowhere", sys.argv[2] or None))
print(count, time.perf_counter() - began, time.process_time() - used, peak(), before)
"""


def processor_seconds() -> float:
    """Of this process, of all below it, and of those that they have waited for."""
    total = 0
    for pid in (os.getpid(), *below(os.getpid())):
        with suppress(OSError):
            total += sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:15]))
    return total / TICKS


def peak_megabytes(pids: list[int]) -> int:
    """The most memory that each of these processes has had, added up; what they share is counted more than once."""
    total = 0
    for pid in pids:
        with suppress(OSError):
            found = re.search(r"VmHWM:\s*(\d+) kB", Path(f"/proc/{pid}/status").read_text())
            total += int(found[1]) if found else 0
    return round(total / 1024)


def machine_seconds() -> float:
    """Of all cores at work, whoever's, since the machine started."""
    user, nice, system, _, _, hard, soft, *_ = map(int, Path("/proc/stat").read_text().split("\n")[0].split()[1:])
    return (user + nice + system + hard + soft) / TICKS


class Clock:
    """What has been used since it was made."""

    def __init__(self) -> None:
        self._began, self._used, self._machine = time.perf_counter(), processor_seconds(), machine_seconds()

    def cost(self, count: int) -> dict[str, Any]:
        """Seconds, milliseconds for each picture, and how many cores worked for others meanwhile."""
        seconds, processor = time.perf_counter() - self._began, processor_seconds() - self._used
        others = max(0.0, machine_seconds() - self._machine - processor) / seconds
        return {
            "pictures": count, "seconds": round(seconds, 2), "processor_seconds": round(processor, 2),
            "processor_ms_a_picture": round(1e3 * processor / count, 3), "cores_of_others": round(others, 2),
        }  # fmt: skip


def alone(measure: Callable[..., dict[str, Any]], *arguments: Any) -> dict[str, Any]:
    """By a process of its own."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(measure, *arguments).result()


def memory() -> dict[str, Any]:
    """Of the command, and of all that it has started and that still runs."""
    return {"megabytes": peak_megabytes([os.getpid()]), "megabytes_of_workers": peak_megabytes([*below(os.getpid())])}


def by_threads(source: Path, target: Path, workers: int) -> dict[str, Any]:
    """The plain command's way."""
    clock = Clock()
    cost = clock.cost(sum(1 for _ in stylize_files(source, target, STYLE, workers=workers)))
    return {**cost, **memory()}


def by_engine(source: Path | str, target: Path | str, on: str, workers: int) -> dict[str, Any]:
    """An engine of this machine; ``start`` is from its start to the first picture, which is no part of ``seconds``."""
    before = time.perf_counter()
    told: Counter[str] = Counter()
    with FolderJob(source, target, STYLE, on=None if on == "here" else on, threads=workers).run() as run:
        for fate in run:
            if not told:
                clock, started = Clock(), time.perf_counter()
            told.update({fate.status: 1, "read": fate.done.read, "written": fate.done.written})
        result = {**clock.cost(run.count), **memory()}
    return {"start": round(started - before, 2), **result, **told}


def painted(source: Path, target: Path, by: str, workers: int) -> dict[str, Any]:
    """By one or the other."""
    if by == "threads":
        return alone(by_threads, source, target, workers)
    return alone(by_engine, source, target, by, workers)


def planning(counts: list[int]) -> list[dict[str, Any]]:
    """Folders of so many files, and prefixes of a store with as many objects."""
    results = []
    with tempfile.TemporaryDirectory() as place:
        made = 0
        for count in sorted(counts):
            for number in range(made, count):
                os.close(os.open(f"{place}/IMG_{number:08}.JPG", os.O_CREAT | os.O_WRONLY))
            made = count
            for suffix in ("", ".png"):
                results.append({"in": "folder", **planned(place, suffix)})
                print(f"planning: {results[-1]}", file=sys.stderr)
            with listing_server(count) as environment:
                results.append({"in": "s3", **planned("s3://bucket/photos", "", environment)})
                print(f"planning: {results[-1]}", file=sys.stderr)
    return results


def planned(place: str, suffix: str, environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """By a process of its own."""
    command = [sys.executable, "-c", PLAN, place, suffix]
    told = subprocess.run(
        command, env={**os.environ, **(environment or {})}, check=True, capture_output=True, text=True
    )
    found, seconds, processor, peak, before = map(float, told.stdout.split())
    return {
        "names": int(found), "format": suffix or "own", "seconds": round(seconds, 2),
        "processor_seconds": round(processor, 2), "megabytes": round(peak / 1024),
        "of_them_before": round(before / 1024),
    }  # fmt: skip


class AtOnce(Executor):
    """An engine that paints nothing, and whose rows travel all the same."""

    executor = property(lambda self: self)

    def workers(self) -> int:
        """As many as are usual."""
        return 2

    def close(self) -> None:
        """There is nothing to end."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Both ways of the rows."""
        future: Future[Any] = Future()
        future.set_result(pickle.loads(pickle.dumps(fn(*pickle.loads(pickle.dumps(args))))))
        return future


def handing_out(count: int) -> dict[str, Any]:
    """Rows without pictures."""
    with tempfile.TemporaryDirectory() as place:
        Image.new("RGB", TINY).save(f"{place}/0.png")
        order = FolderJob(place, f"{place}_painted", STYLE).order
        names = (f"2026/IMG_{number:08}.JPG" for number in range(count))
        plan = (Row(name, name) for name in names)
        used = time.process_time()
        path = Path(place) / "report.jsonl"
        done = lambda _, rows: [Done(row, "painted", seconds=0.1, read=10**5, written=10**5) for row in rows]  # noqa: E731
        with ScaleRun(order, plan, lambda: (AtOnce(), done)) as run, Report(path) as report:
            for fate in run:
                report.add(fate)
        each = (time.process_time() - used) / count
        size = path.stat().st_size / count
    return {"rows": count, "processor_us_a_row": round(1e6 * each, 1), "report_bytes_a_row": round(size)}


def nap(seconds: float) -> None:
    """A worker's work that takes no processor."""
    time.sleep(seconds)


def idle(engines: list[str], naps: int = 20) -> list[dict[str, Any]]:
    """Engines that do nothing; processes on this machine have nothing between them and the command."""
    results = []
    for on in (one for one in engines if one in PACKAGES):
        engine, _ = open_engine(on, 2)
        for count in (2, naps):  # the first ones start the workers
            clock = Clock()
            for future in [engine.executor.submit(nap, 1.0) for _ in range(count)]:
                future.result()
        cost = clock.cost(1)
        engine.close()
        results.append({"by": on, "workers": 2, "cores": round(cost["processor_seconds"] / cost["seconds"], 3)})
        print(f"idle: {results[-1]}", file=sys.stderr)
    return results


def overhead(engines: list[str], counts: list[int], workers: int) -> list[dict[str, Any]]:
    """Tiny pictures."""
    results = []
    with tempfile.TemporaryDirectory() as place:
        source = Path(place) / "in"
        source.mkdir()
        noise = np.random.default_rng(0).integers(0, 256, (*TINY[::-1], 3), np.uint8)
        Image.fromarray(noise).save(source / "0.png")
        data, made = (source / "0.png").read_bytes(), 1
        for count in sorted(counts):
            for number in range(made, count):
                (source / f"{number}.png").write_bytes(data)
            made = count
            for by in engines:
                for again in (False, True) if by != "threads" else (False,):
                    told = painted(source, Path(place) / f"{by}{count}", by, workers)
                    results.append({"by": by, "again": again, **told})
                    print(f"overhead: {results[-1]}", file=sys.stderr)
    return results


def stores(engines: list[str], counts: list[int], workers: int) -> list[dict[str, Any]]:
    """Tiny pictures in buckets."""
    from fsspec import filesystem  # noqa: PLC0415 - an extra
    from moto.server import ThreadedMotoServer  # noqa: PLC0415 - of the tests

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # each request would be told
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    os.environ.update(client_environment(f"http://{host}:{port}"))
    store, results = filesystem("s3", use_listings_cache=False), []
    noise = np.random.default_rng(0).integers(0, 256, (*TINY[::-1], 3), np.uint8)
    Image.fromarray(noise).save(data := BytesIO(), "PNG")
    for count in counts:
        store.mkdir(f"photos{count}")
        store.pipe({f"photos{count}/{number}.png": data.getvalue() for number in range(count)})
        for on in (one for one in engines if one != "threads"):
            store.mkdir(f"paintings{count}{on}")
            for again in (False, True):
                told = alone(by_engine, f"s3://photos{count}", f"s3://paintings{count}{on}", on, workers)
                results.append({"by": on, "again": again, **told})
                print(f"stores: {results[-1]}", file=sys.stderr)
    server.stop()
    return results


def photographs(
    photos: Path, engines: list[str], count: int, size: tuple[int, int], rounds: int
) -> list[dict[str, Any]]:
    """Real photographs, in turn by all."""
    results = []
    with tempfile.TemporaryDirectory() as place:
        source = Path(place) / "in"
        source.mkdir()
        make_folder(photos, source, count, size)
        for turn in range(rounds):
            for by, workers in (
                (one, number) for one in engines for number in (1, 2) if (one, number) != ("threads", 1)
            ):
                target = Path(place) / f"{by}{workers}{turn}"
                results.append({"by": by, "workers": workers, **painted(source, target, by, workers)})
                print(f"photographs: {results[-1]}", file=sys.stderr)
    return results


def commands(photos: Path, engines: list[str], count: int, size: tuple[int, int]) -> list[dict[str, Any]]:
    """The whole command, from its start to its end; then again, when all is done.

    Engines' processes end when they like, so that what is said of cores is what all programs used.
    """
    results = []
    with tempfile.TemporaryDirectory() as place:
        source = Path(place) / "in"
        source.mkdir()
        make_folder(photos, source, count, size)
        for by in engines:
            words = {"threads": ["--resume"], "here": ["--time-limit", "600"]}.get(by, ["--on", by])
            command = [sys.executable, "-m", "allaprima", "stylize", str(source), "-s", STYLE, "-o", f"{place}/{by}"]
            for again in (False, True):
                began, used = time.perf_counter(), machine_seconds()
                subprocess.run([*command, *words], check=True, capture_output=True)
                seconds, used = time.perf_counter() - began, machine_seconds() - used
                results.append({
                    "by": by, "options": " ".join(words), "again": again, "pictures": count,
                    "seconds": round(seconds, 2), "cores_of_all": round(used / seconds, 2),
                })  # fmt: skip
                print(f"commands: {results[-1]}", file=sys.stderr)
    return results


def kills(engines: list[str], count: int, number: int) -> list[dict[str, Any]]:
    """Workers that die."""
    results = []
    with tempfile.TemporaryDirectory() as place:
        source = Path(place) / "in"
        source.mkdir()
        noise = np.random.default_rng(0)
        for one in range(count):
            Image.fromarray(noise.integers(0, 256, (200, 300, 3), np.uint8)).save(source / f"{one}.jpg")
        by_threads(source, Path(place) / "one", 1)
        expected = contents(Path(place) / "one")
        for on in (one for one in engines if one != "threads"):
            target = Path(place) / on
            told: Counter[str] = Counter()
            rounds = killed = twice = 0
            while killed < number:  # a job that ends before all kills begins anew with half of its results gone
                for path in sorted(target.rglob("*.jpg"))[::2]:
                    path.unlink()
                with FolderJob(source, target, STYLE, on=None if on == "here" else on, threads=2).run() as run:
                    fates = iter(run)
                    done = [next(fates)]
                    with killing(VICTIMS[on], number - killed, 0.1, 1.5) as victims:
                        done += fates
                told.update(fate.status for fate in done)
                twice += len(done) - len({fate.job.source for fate in done})
                killed, rounds = killed + len(victims), rounds + 1
            found = contents(target)
            results.append({
                "by": on, "pictures": count, "killed": killed, "rounds": rounds, "failed": told["failed"],
                "told_twice": twice, "missing": len(set(expected) - set(found)),
                "left_behind": len(set(found) - set(expected)),
                "different": sum(found.get(name, data) != data for name, data in expected.items()),
            })  # fmt: skip
            print(f"kills: {results[-1]}", file=sys.stderr)
    return results


def contents(folder: Path) -> dict[str, bytes]:
    """Every file, hidden ones as well."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path, help="a folder of photographs")
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES[:3]), help="default: all but ray")
    parser.add_argument("--counts", nargs="+", type=at_least_one, default=[100, 1000], help="of tiny pictures")
    parser.add_argument("--names", nargs="+", type=at_least_one, default=[10_000, 100_000], help="of a plan")
    parser.add_argument("--count", type=at_least_one, default=60, help="photographs (default: %(default)s)")
    parser.add_argument("--size", type=parse_size, default=(1155, 866), help="of each (default: 1155x866)")
    parser.add_argument("--rounds", type=at_least_one, default=2, help="default: %(default)s")
    parser.add_argument("--kills", type=at_least_one, default=20, help="of workers (default: %(default)s)")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="default: all")
    parser.add_argument("--add", action="store_true", help="keep the runs that are in the file")
    parser.add_argument("-o", "--output", type=Path, default=RESULTS / "scale.json", help="default: %(default)s")
    options = parser.parse_args()
    parts: dict[str, Callable[[], Any]] = {
        "planning": lambda: planning(options.names),
        "rows": lambda: handing_out(100_000),
        "idle": lambda: idle(options.engines),
        "overhead": lambda: overhead(options.engines, options.counts, 2),
        "stores": lambda: stores(options.engines, options.counts, 2),
        "photographs": lambda: photographs(
            options.photos, options.engines, options.count, options.size, options.rounds
        ),
        "commands": lambda: commands(options.photos, options.engines, options.count, options.size),
        "kills": lambda: kills(options.engines, 80 * options.kills, options.kills),
    }
    line = command_line(["python", "benchmarks/scale.py"], sys.argv[1:])
    packages = [PACKAGES[one] for one in options.engines if one in PACKAGES]
    for part in options.parts:
        results = parts[part]()
        used = {"versions": versions("allaprima", "onnxruntime", *packages), "cores": cores()}
        known = json.loads(options.output.read_text()) if options.output.exists() else {}
        runs = [*(known.get(part, []) if options.add else []), {**record(line), **used, "results": results}]
        write_results(options.output, {**known, part: runs})


if __name__ == "__main__":
    main()
