"""Trains for a few steps by each of some options, by itself or under ``torchrun``; keeps what the first process has.

``python gradients.py VGG16 OPTIONS OUT``: OPTIONS is a JSON file of a list. OUT gets, for each of them, the gradients
of the first step, every loss, and the state after all.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch

from allaprima.training.finetune import initial
from allaprima.training.options import TrainingOptions
from allaprima.training.ranks import Ranks
from allaprima.training.setup import Setup
from allaprima.training.trainer import Trainer
from allaprima.training.vgg16 import load_weights


def main(vgg16: str, options: str, out: str) -> None:
    torch.set_num_threads(1)
    ranks, weights, kept = Ranks.of_environment(), load_weights(Path(vgg16)), []
    with ranks.joined():
        for data in json.loads(Path(options).read_text()):
            wanted = TrainingOptions.from_dict(data)
            setup = Setup.of(wanted, weights)
            trainer = Trainer(wanted, setup, initial(wanted, setup)[0], ranks)
            gradients, losses, skipped = [], [], []
            for step in trainer.run():
                if not gradients:
                    gradients = [p.grad.clone() for p in trainer.network.parameters() if p.grad is not None]
                losses.append([step.content, step.style, step.tv, step.total, step.unsteady, step.gradient_norm])
                skipped += [path.name for path in step.skipped]
            kept.append({"gradients": gradients, "losses": losses, "skipped": skipped, **trainer.state()})
    if ranks.first:
        torch.save(kept, out)


if __name__ == "__main__":
    main(*sys.argv[1:])
