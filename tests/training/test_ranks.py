"""Training in several processes: the number of them changes nothing but the speed."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist

from allaprima.cli.followers import quiet
from allaprima.cli.signals import Terminated
from allaprima.errors import DivergedError, LostProcessError, OptionError, TrainingError
from allaprima.training.checkpoint import read_checkpoint
from allaprima.training.device import use_threads
from allaprima.training.model_file import read_weights, weights_sha256
from allaprima.training.options import TrainingOptions
from allaprima.training.ranks import VARIABLES, Ranks
from allaprima.training.recipes import RECIPES
from allaprima.training.style_images import StyleImage
from support import started, wait_for

pytestmark = pytest.mark.skipif(not dist.is_available(), reason="PyTorch without torch.distributed")

SCRIPT = Path(__file__).with_name("gradients.py")
STEPS = 6


def torchrun(processes: int, *words: str) -> list[str]:
    """Its ``--standalone`` takes a free port."""
    return [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}", *words]


@pytest.fixture
def words(photos, paintings, vgg16_file) -> list[str]:
    """A short training; ``words[0]`` is the verb."""
    shape = ["--width", "4", "--size", "64", "--style-size", "64", "--batch", "2", "--steps", str(STEPS)]
    rest = ["--device", "cpu", "--threads", "1", "--vgg16", str(vgg16_file), "--preview-every", "3"]
    rest += ["--workers", "0", "--checkpoint-every", "2", "--photos", str(photos), "--from", "none"]
    return ["train", *map(str, paintings), *shape, *rest]


def steps_in(log: Path) -> list[int]:
    return [json.loads(line)["step"] for line in log.read_text().splitlines()]


def trained(processes: int, vgg16_file: Path, options: list[TrainingOptions], folder: Path) -> list[dict[str, Any]]:
    (folder / "options.json").write_text(json.dumps([one.to_dict() for one in options]))
    words = [str(SCRIPT), str(vgg16_file), str(folder / "options.json"), str(folder / f"{processes}.pt")]
    command = torchrun(processes, *words) if processes > 1 else [sys.executable, *words]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert result.returncode == 0, result.stderr
    kept: list[dict[str, Any]] = torch.load(folder / f"{processes}.pt", weights_only=True)
    return kept


def test_two_processes_train_as_one_does(photos, paintings, vgg16_file, tmp_path):
    """With everything in a step that draws numbers for its pictures, and a photograph that is broken."""
    (tmp_path / "photos").mkdir()
    for path in [*photos.rglob("*.jpg"), *photos.rglob("*.png")]:
        (tmp_path / "photos" / path.name).write_bytes(path.read_bytes())
    broken = (tmp_path / "photos" / "5.png").read_bytes()
    (tmp_path / "photos" / "5.png").write_bytes(broken[: len(broken) // 2])
    recipe = replace(RECIPES["default"], steps=3, batch=4, size=64, style_size=64, clip=0.0, darkened=0.5)
    styles = tuple(StyleImage(path.stem, str(path)) for path in paintings)
    options = TrainingOptions(
        styles, str(tmp_path / "photos"), recipe=recipe, width=4, device="cpu", workers=0, precision="float32"
    )
    changes = [{"steady_weight": 1.0}, {"optimizer": "muon", "clip": 0.1, "small_size": 32, "small_share": 0.5}]
    many = [replace(options, recipe=replace(recipe, **change)) for change in changes]
    alone, together = (trained(processes, vgg16_file, many, tmp_path) for processes in (1, 2))
    for one, two in zip(alone, together, strict=True):
        a, b = (torch.cat([gradient.flatten() for gradient in kept["gradients"]]) for kept in (one, two))
        assert (a - b).abs().max() <= 1e-6 * a.abs().max()
        assert two["losses"][0] == pytest.approx(one["losses"][0], rel=1e-6, abs=1e-6)
        for first, second in zip(one["losses"], two["losses"], strict=True):  # each step makes rounding larger
            assert second == pytest.approx(first, rel=1e-2, abs=1e-2)
        assert set(one["skipped"]) == set(two["skipped"]) == {"5.png"}


def test_a_killed_process_ends_the_training_and_restarted_it_ends_with_the_same_weights(words, tmp_path):
    """``torchrun`` starts both again; the log has every step once, written by the first process alone."""
    command = ["-m", "allaprima", *words, "-o"]
    whole = subprocess.run(
        torchrun(2, *command, "whole.onnx"), cwd=tmp_path, capture_output=True, timeout=300, check=False
    )
    assert whole.returncode == 0, whole.stderr.decode()
    assert whole.stderr.count(b"2 style(s)") == 1
    assert whole.stderr.count(b"wrote whole.onnx") == 1
    assert steps_in(tmp_path / "whole.jsonl") == list(range(1, STEPS + 1))

    log = tmp_path / "killed.jsonl"
    restarting = torchrun(2, *command, "killed.onnx", "--resume")
    restarting.insert(4, "--max-restarts=1")
    with started(restarting, tmp_path) as process:
        wait_for(lambda: log.exists() and log.read_bytes().count(b"\n") > 2, process)  # past the checkpoint of step 2
        os.kill(second_process_of(process.pid), signal.SIGKILL)
        _, stderr = process.communicate(timeout=300)
    assert process.returncode == 0, stderr.decode()
    left = [int(found) for found in re.findall(rf"(\d+) of {STEPS} steps to go", stderr.decode())]
    assert left[0] == STEPS > left[1]
    assert steps_in(log) == list(range(1, STEPS + 1))
    assert digest(tmp_path / "killed.onnx") == digest(tmp_path / "whole.onnx")


def second_process_of(parent: int) -> int:
    """The child whose place among the processes of the training is 1."""
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            child = int(status.read_text().rpartition(")")[2].split()[1]) == parent
            if child and b"\0RANK=1\0" in status.with_name("environ").read_bytes():
                return int(status.parent.name)
    raise AssertionError("there is no second process")


def digest(model: Path) -> str:
    return weights_sha256(read_weights(model))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_processes_stop_after_the_same_step(words, tmp_path, number):
    rest = ["--steps", "100000", "--checkpoint-every", "100000"]
    log = tmp_path / "stopped.jsonl"
    with started(torchrun(2, "-m", "allaprima", *words, "-o", "stopped.onnx", *rest), tmp_path) as process:
        wait_for(lambda: log.exists() and log.read_bytes().count(b"\n") > 2, process)
        os.kill(process.pid, number)
        _, stderr = process.communicate(timeout=120)
    said = stderr.decode()
    step = int(re.findall(r"stopped after step (\d+); the same command with --resume goes on", said)[0])
    assert said.count("stopped after step") == said.count("allaprima: ") == 1
    assert steps_in(log) == list(range(1, step + 1))
    assert read_checkpoint(tmp_path / "stopped.checkpoint")["step"] == step


def test_what_cannot_be_shared_is_said_once(words, tmp_path):
    result = subprocess.run(
        torchrun(2, "-m", "allaprima", *words, "-o", "m.onnx", "--batch", "3"),
        cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert result.returncode != 0
    said = [line for line in result.stderr.splitlines() if line.startswith("allaprima: ")]
    assert said == [
        "allaprima: 2 processes cannot share batches of 3 evenly: the batch must be a multiple of 2; try --batch"
    ]
    assert list(tmp_path.iterdir()) == []


def test_shares_of_a_batch_are_its_places_in_order():
    shares = [range(12)[Ranks(rank, 4).share(12)] for rank in range(4)]
    assert [place for share in shares for place in share] == list(range(12))
    with pytest.raises(OptionError, match="multiple of 4"):
        Ranks(0, 4).share(6)


def test_the_environment_says_which_process_this_is(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    assert Ranks.of_environment() == Ranks()
    for name, value in zip(VARIABLES, ("3", "1", "4", "2", "localhost", "1234"), strict=True):
        monkeypatch.setenv(name, value)
    assert Ranks.of_environment() == Ranks(rank=3, count=4, local_rank=1, local_count=2)
    monkeypatch.setenv("RANK", "first")
    with pytest.raises(OptionError, match="must be numbers"):
        Ranks.of_environment()


def test_each_process_has_a_gpu_of_its_own(monkeypatch):
    chosen: list[torch.device] = []
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "set_device", chosen.append)
    assert Ranks().device("cuda:1", torch.device("cuda:1")) == torch.device("cuda:1")
    assert Ranks(3, 4, 1, 2).device("auto", torch.device("cuda:0")) == torch.device("cuda:1") == chosen[0]
    assert Ranks(3, 4, 1, 2).device("cpu", torch.device("cpu")) == torch.device("cpu")
    for ranks, name, words in (
        (Ranks(1, 2, 1, 2), "cuda:0", "cannot share the device cuda:0"),
        (Ranks(1, 2, 1, 2), "mps", "cannot share the device mps"),
        (Ranks(2, 3, 2, 3), "cuda", "need as many GPUs; 2 are here"),
    ):
        with pytest.raises(TrainingError, match=words):
            ranks.device(name, torch.device("mps" if name == "mps" else "cuda:0"))


def test_processes_share_the_cores(monkeypatch):
    threads: list[int] = []
    monkeypatch.setattr(torch, "set_num_threads", threads.append)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr("allaprima.training.device.capabilities", dict)
    for processes in (1, 2, 16):
        use_threads(None, processes)
    use_threads(3, 2)
    assert threads == [8, 4, 1, 3]


def test_an_error_elsewhere_ends_this_process_with_its_exit_code(monkeypatch):
    """The lowest process that has one says it."""

    def told(codes: list[int | None]) -> Callable[[Ranks, object], list[int | None]]:
        return lambda ranks, own: [*codes[: ranks.rank], own, *codes[ranks.rank + 1 :]]

    monkeypatch.setattr(Ranks, "gathered", told([None, 3]))
    with pytest.raises(SystemExit) as ended, Ranks(0, 2).together():
        pass
    assert ended.value.code == 3
    with pytest.raises(TrainingError, match="here"), Ranks(0, 2).together():
        raise TrainingError("here")
    monkeypatch.setattr(Ranks, "gathered", told([2, None]))
    with pytest.raises(SystemExit), Ranks(1, 2).together():
        raise TrainingError("there as well")


@pytest.mark.parametrize(
    ("error", "code"),
    [(KeyboardInterrupt(), 130), (Terminated(15), 143), (DivergedError(""), 3), (LostProcessError(""), 2)],
)
def test_only_the_first_process_says_what_ends_them_all(error, code):
    with pytest.raises(type(error)) as said, quiet(Ranks(0, 2)):
        raise error
    assert said.value is error
    with pytest.raises(SystemExit) as ended, quiet(Ranks(1, 2)):
        raise error
    assert ended.value.code == code
    assert type(ended.value) is SystemExit
