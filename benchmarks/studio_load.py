"""How the studio's server bears load: what it adds to the library's time, what it paints at most, and its memory.

    python benchmarks/studio_load.py -o benchmarks/results/studio_load.json
    python benchmarks/studio_load.py --soak --requests 10000 -o benchmarks/results/studio_soak.json

Ratios are of the library in this process. The pictures of a soak are of random sizes, one in twenty is hostile; its
times do not matter, so it may run beside other work.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from multiprocessing import get_context
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Event
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from PIL import Image

from allaprima.evaluation.record import command_line, record
from allaprima.stylizer import Stylizer
from memory import megabytes
from progress import write_results
from speed import RESULTS

SIDE = 512
PATIENCE = 900
"""Seconds that a request may take: a soak is stopped while others measure."""
STYLE = "irises"
STYLIZE = f"api/v1/stylize?style={STYLE}"


def jpeg(width: int, height: int, seed: int = 0) -> bytes:
    """A smooth random picture as a file."""
    noise = np.random.default_rng(seed).integers(0, 255, (max(2, height // 16), max(2, width // 16), 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def start(workers: int) -> tuple[subprocess.Popen[str], str]:
    """The server and its address."""
    words = ["--no-browser", "--port", "0", "--workers", str(workers), "--queue", "16", "--timeout", str(PATIENCE)]
    process = subprocess.Popen([sys.executable, "-m", "allaprima", "studio", *words], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    found = re.search(r"http://\S+/", process.stderr.readline())
    assert found
    return process, found[0]


class Client:
    """One connection, as plain as can be: clients take time of the same cores."""

    def __init__(self, address: str) -> None:
        self._place = urlsplit(address)
        self._connection = HTTPConnection(self._place.netloc, timeout=PATIENCE)

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, str]:
        """Status of an answer that has been read, and its ``Server-Timing``."""
        self._connection.request(method, self._place.path + path, body)
        answer = self._connection.getresponse()
        answer.read()
        return answer.status, answer.getheader("Server-Timing", "")

    def paint(self, picture: bytes) -> tuple[int, str]:
        """One request."""
        return self.ask("POST", STYLIZE, picture)

    def close(self) -> None:
        """Of the connection."""
        self._connection.close()


def memory_of(process: subprocess.Popen[str]) -> float:
    """MB of the server and its workers."""
    total = 0.0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
            if process.pid in (int(fields[1]), int(path.parent.name)):
                total += megabytes(int(path.parent.name))
        except OSError:
            continue
    return total


def overhead(address: str) -> dict[str, Any]:
    """A request's time beside what its worker says that painting took."""
    picture, more = jpeg(SIDE, SIDE), []
    with closing(Client(address)) as client:
        for _ in range(110):
            begin = time.perf_counter()
            _, timing = client.paint(picture)
            whole = time.perf_counter() - begin
            found = re.search(r"paint;dur=([\d.]+)", timing)
            assert found
            more.append(1000 * whole - float(found[1]))
    return {"overhead at 512 x 512, ms": spread(more[10:])}


def spread(milliseconds: list[float]) -> dict[str, Any]:
    """Of many times."""
    ordered = sorted(milliseconds)
    return {
        "median": round(median(ordered), 1),
        "95 %": round(ordered[int(0.95 * len(ordered))], 1),
        "most": round(ordered[-1], 1),
        "asked": len(ordered),
    }


def throughput(address: str, workers: int, seconds: float = 32) -> dict[str, Any]:
    """Pictures a second of the server and of the library in this process, by turns.

    There are twice as many clients as workers, so that none of these waits for one.
    """
    picture = jpeg(SIDE, SIDE)
    stylizer = Stylizer(threads=1, workers=workers)

    def rate(clients: int, work: Callable[[Client], object]) -> float:
        end = time.monotonic() + seconds / 8

        def go() -> int:
            count = 0
            with closing(Client(address)) as client:
                while time.monotonic() < end:
                    work(client)
                    count += 1
            return count

        begin = time.monotonic()
        with ThreadPoolExecutor(clients) as threads:
            count = sum(task.result() for task in [threads.submit(go) for _ in range(clients)])
        return count / (time.monotonic() - begin)

    def ask(client: Client) -> None:
        status, _ = client.paint(picture)
        assert status == 200, status

    rates = [(rate(workers, lambda _: stylizer.stylize(picture, STYLE)), rate(2 * workers, ask)) for _ in range(4)]
    own, theirs = (sum(pair[which] for pair in rates) / len(rates) for which in (0, 1))
    return {
        "paintings at 512 x 512 a second": {
            "server": round(theirs, 1),
            "library": round(own, 1),
            "percent": round(100 * theirs / own),
        }
    }


def crowd(address: str, clients: int = 50) -> dict[str, Any]:
    """Many at once: only 200 and 429, and health answered meanwhile, to a process that has nothing else to do."""
    picture = jpeg(SIDE, SIDE)
    statuses: Counter[int] = Counter()

    def ask() -> None:
        with closing(Client(address)) as client:
            for _ in range(6):
                statuses[client.paint(picture)[0]] += 1

    fresh = get_context("spawn")
    done, health = fresh.Event(), fresh.SimpleQueue()
    watcher = fresh.Process(target=watch, args=(address, done, health))
    watcher.start()
    health.get()  # it has begun
    for _ in range(3):  # all at once each time
        with ThreadPoolExecutor(clients) as threads:
            for task in [threads.submit(ask) for _ in range(clients)]:
                task.result()
    done.set()
    times = health.get()
    watcher.join()
    return {f"{clients} clients at once": {"statuses": dict(statuses), "health, ms": spread(times)}}


def watch(address: str, done: Event, health: SimpleQueue[list[float]]) -> None:
    """Ask for health until it is done; what each answer took, in milliseconds."""
    times: list[float] = []
    with closing(Client(address)) as client:
        client.ask("GET", "healthz")
        health.put(times)
        while not done.is_set():
            begin = time.perf_counter()
            client.ask("GET", "healthz")
            times.append(1000 * (time.perf_counter() - begin))
            time.sleep(0.01)
    health.put(times)


def soak(address: str, process: subprocess.Popen[str], requests: int, workers: int) -> dict[str, Any]:
    """Random sizes, some hostile; the memory on the way."""
    generator = np.random.default_rng(0)
    pictures = [jpeg(*generator.integers(16, 700, 2), seed=seed) for seed in range(60)]
    hostile = [pictures[0][:90], b"no picture", b"\x89PNG\r\n\x1a\n" + bytes(80), pictures[1][:-400]]
    statuses: Counter[int] = Counter()

    def ask(number: int) -> None:
        picture = hostile[number // 20 % len(hostile)] if number % 20 == 7 else pictures[number % len(pictures)]
        with closing(Client(address)) as client:  # an idle connection would be closed while this is stopped
            statuses[client.paint(picture)[0]] += 1

    marks = []
    steps = 10
    with ThreadPoolExecutor(workers + 1) as threads:
        for step in range(steps):
            list(threads.map(ask, range(step * requests // steps, (step + 1) * requests // steps)))
            marks.append(memory_of(process))
    memory = [round(mark) for mark in marks]
    slope = np.polyfit(np.linspace(0, requests / 1000, steps)[2:], marks[2:], 1)[0]
    return {f"{requests} requests": {"statuses": dict(statuses), "MB": memory, "MB a thousand": round(float(slope), 1)}}


def main() -> None:
    """All of it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, default=10_000, help="of a soak")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--soak", action="store_true", help="the memory over many requests, and nothing else")
    parser.add_argument("-o", "--output", type=Path, default=RESULTS / "studio_load.json", help="default: %(default)s")
    given = parser.parse_args()
    process, address = start(given.workers)
    try:
        with closing(Client(address)) as client:
            while client.ask("GET", "readyz")[0] != 200:
                time.sleep(0.1)
        if given.soak:
            results = soak(address, process, given.requests, given.workers)
        else:
            results = overhead(address) | throughput(address, given.workers) | crowd(address)
    finally:
        process.terminate()
        process.wait()
    print(json.dumps(results, indent=2))
    line = command_line(["python", "benchmarks/studio_load.py"], sys.argv[1:])
    write_results(given.output, {**record(line), "results": results})


if __name__ == "__main__":
    main()
