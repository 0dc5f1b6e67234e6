"""Learning a style by the command ``allaprima train``, which is installed wherever its user wants it."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

STEP = re.compile(r"^step (\d+) of (\d+)")


def train(
    command: str,
    painting: Path,
    output: Path,
    quality: str,
    tell: Callable[[int, int], None],
    check: Callable[[], None],
) -> None:
    """Run the command until it is done.

    Args:
        command: its name or path.
        painting: the picture to learn.
        output: the style model to write. What a stopped training of the same has left beside it is taken up.
        quality: draft, good or best.
        tell: is told of the steps that are done and of all.
        check: raises what is to end the training; its state is saved first.

    Raises:
        RuntimeError: the command is not there, or says that it failed.
    """
    found = shutil.which(command)
    if found is None:
        raise RuntimeError(
            f"there is no command {command} here: install Alla Prima, and name the command with its path"
        )
    words = [found, "train", str(painting), "-o", str(output), "--quality", quality, "--overwrite", "--resume"]
    last = ""
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True, encoding="utf-8", errors="replace") as process:
        assert process.stderr is not None
        try:
            for line in process.stderr:
                last = line.strip() or last
                if step := STEP.match(line):
                    tell(int(step[1]), int(step[2]))
                check()
        except BaseException:
            process.send_signal(signal.SIGINT)  # it saves its state
            process.communicate()
            raise
    if process.returncode:
        raise RuntimeError(last or f"the command ended with the code {process.returncode}")
