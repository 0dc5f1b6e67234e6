"""How long each export takes, and how exact and large it is.

    python benchmarks/export.py --banks fast fine --to onnx-web torch litert coreml

The whole command is timed, its comparison of paintings included. Formats whose packages are not installed are refused
by the command, which ends the benchmark.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from allaprima.conversion.formats import FORMATS
from allaprima.engine.machine import cores
from allaprima.evaluation.record import command_line, record, versions
from progress import write_results
from speed import RESULTS

SUFFIXES = {"onnx-web": "onnx", "torch": "safetensors", "litert": "tflite", "coreml": "mlpackage"}


def exported(bank: str, to: str) -> dict[str, Any]:
    """One export by the command."""
    with tempfile.TemporaryDirectory() as place:
        report = Path(place) / "report.json"
        words = [bank, "--to", to, "-o", f"{place}/out/{bank}.{SUFFIXES[to]}", "--report", str(report)]
        (Path(place) / "out").mkdir()
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run([sys.executable, "-m", "allaprima", "export", *words], check=True, capture_output=True)
        seconds, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
        told = json.loads(report.read_text("utf-8"))
        size = sum(path.stat().st_size for path in (Path(place) / "out").rglob("*") if path.is_file())
        return {
            "bank": bank, "to": to, "seconds": round(seconds, 1),
            "processor_seconds": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1),
            "paintings": len(told["paintings"]), "largest_of_255": told["largest"],
            "psnr": None if told["psnr"] is None else round(told["psnr"], 1), "megabytes": round(size / 1e6, 2),
        }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--banks", nargs="+", default=["fast", "fine"])
    parser.add_argument("--to", nargs="+", choices=list(FORMATS), default=list(FORMATS))
    parser.add_argument("-o", "--output", type=Path, default=RESULTS / "export.json", help="default: %(default)s")
    options = parser.parse_args()
    rows = []
    for bank in options.banks:
        for to in options.to:
            rows.append(exported(bank, to))
            print(rows[-1], file=sys.stderr)
    line = command_line(["python", "benchmarks/export.py"], sys.argv[1:])
    used = {"versions": versions("allaprima", "onnxruntime", "torch"), "cores": cores()}
    write_results(options.output, {**record(line), **used, "exports": rows})


if __name__ == "__main__":
    main()
