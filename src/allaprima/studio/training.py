"""A style learnt from one painting, in a process of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from allaprima.engine.machine import keep_freed_memory
from allaprima.engine.progress import Progress
from allaprima.export.onnx import export_model
from allaprima.picture.reading import read_picture
from allaprima.training.cards import make_card
from allaprima.training.device import use_threads
from allaprima.training.distillation import calm_network, steps_after
from allaprima.training.finetune import initial
from allaprima.training.plan import Wishes, decide
from allaprima.training.setup import Setup
from allaprima.training.style_images import StyleImage
from allaprima.training.trainer import Trainer
from allaprima.training.vgg16 import read_weights

_OF_RECIPE = ("steps", "size", "style_size", "content_weight", "style_weight")
_OF_STYLE = ("artist", "title", "year", "license")


def train_style(order: dict[str, Any], tell: Progress) -> Path:
    """Train, and write the model into the order's folder.

    Args:
        order: ``tasks.Tasks`` has written it; ``values`` are of ``parameters.TRAINING``.
        tell: is called with the steps done and all steps.

    Raises:
        TrainingError: the painting has nothing to learn, or there are no photographs.
        PictureError: the painting is too large.
        OptionError: values that contradict.
    """
    folder, values = Path(order["folder"]), dict(order["values"])
    keep_freed_memory()
    use_threads(order["threads"])
    painting = folder / order["source"]
    read_picture(painting, max_pixels=order["max_pixels"])  # which is refused before all that takes time
    words = {name: values.pop(name) for name in _OF_STYLE if name in values}
    plan = decide(
        Wishes(
            styles=(StyleImage(values.pop("name"), str(painting), **words),),
            photos=order["photos"],
            extend=values.pop("extend", False),
            quality=values.pop("quality", None),
            network=values.pop("network", None),
            seed=values.pop("seed", 0),
            changes={name: values.pop(name) for name in _OF_RECIPE if name in values},
            workers=0,  # processes of its own would outlive this one
        )
    )
    setup = Setup.of(plan.options, read_weights(Path(order["vgg16"])), plan.device)
    network, _ = initial(plan.options, setup, plan.parent)
    trainer = Trainer(plan.options, setup, network)
    calming = steps_after(plan.options)
    for step in trainer.run():
        tell(step.step, step.steps + calming)
    finished = calm_network(trainer, lambda done, steps: tell(trainer.step + done, trainer.step + steps))
    result = folder / "style.onnx"
    export_model(finished, make_card(trainer, finished, {}), result)
    return result
