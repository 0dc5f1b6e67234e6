"""The nodes, in ComfyUI's schema V3."""

from __future__ import annotations

import hashlib
import re
import shutil
from pathlib import Path

import comfy.model_management
import comfy.utils
import folder_paths
import numpy as np
import torch
from comfy_api.latest import ComfyExtension, io
from PIL import Image

from .bank import Bank, read_bank
from .training import train

CATEGORY = "Alla Prima"
FOLDER = "allaprima"
"""Below ComfyUI's models: style models of the user's own."""
UNFINISHED = "allaprima-training"
"""Beside it: trainings that were stopped, each in a folder of its own."""
SHIPPED = {path.stem: path for path in sorted((Path(__file__).parent / "models").glob("*.onnx"))}

BankType = io.Custom("ALLAPRIMA_BANK")

folder_paths.add_model_folder_path(FOLDER, str(Path(folder_paths.models_dir) / FOLDER))


def own_models() -> list[str]:
    """The user's style models, by file name."""
    return [name for name in folder_paths.get_filename_list(FOLDER) if name.endswith(".onnx")]


class LoadBank(io.ComfyNode):
    """A style model: a bank that comes with the nodes, or a file in models/allaprima."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Which models there are."""
        return io.Schema(
            node_id="AllaPrimaLoad",
            display_name="Load Styles (Alla Prima)",
            category=CATEGORY,
            description="Loads a style model: one that comes with these nodes, or a file in models/allaprima.",
            inputs=[io.Combo.Input("model", options=[*SHIPPED, *own_models()])],
            outputs=[BankType.Output(display_name="styles"), io.String.Output(display_name="names")],
        )

    @classmethod
    def execute(cls, model: str) -> io.NodeOutput:
        """The bank, and the names of its styles, one a line."""
        bank = read_bank(SHIPPED.get(model) or Path(folder_paths.get_full_path_or_raise(FOLDER, model)))
        return io.NodeOutput(bank, "\n".join(bank.styles))


class Stylize(io.ComfyNode):
    """Frames in, paintings out."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """A mixture is written as the command takes it."""
        return io.Schema(
            node_id="AllaPrimaStylize",
            display_name="Stylize (Alla Prima)",
            category=CATEGORY,
            description="Paints pictures or frames in a style, or in a mixture such as great_wave:0.6,irises:0.4.",
            inputs=[
                io.Image.Input("image"),
                BankType.Input("styles"),
                io.String.Input("style", default="great_wave", tooltip="A style, or NAME:WEIGHT,NAME:WEIGHT"),
                io.Float.Input("strength", default=1.0, min=0.0, max=1.0, step=0.05),
                io.Mask.Input("mask", optional=True, tooltip="Where to paint"),
            ],
            outputs=[io.Image.Output()],
        )

    @classmethod
    def execute(
        cls, image: torch.Tensor, styles: Bank, style: str, strength: float, mask: torch.Tensor | None = None
    ) -> io.NodeOutput:
        """Frames are painted a few at a time, and the user may stop between them."""
        result = torch.empty((*image.shape[:3], 3))
        bar, done = comfy.utils.ProgressBar(len(image)), 0
        for painted in styles.paint(image, style, strength, mask, comfy.model_management.get_torch_device()):
            result[done : done + len(painted)] = painted
            done += len(painted)
            bar.update_absolute(done)
            comfy.model_management.throw_exception_if_processing_interrupted()
        return io.NodeOutput(result)


class Train(io.ComfyNode):
    """A painting in, a style model out, by the command."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """How good, and where the command is."""
        return io.Schema(
            node_id="AllaPrimaTrain",
            display_name="Learn a Style (Alla Prima)",
            category=CATEGORY,
            description="Learns a painting with the command allaprima train. The model goes to models/allaprima. A "
            "training that was stopped goes on.",
            inputs=[
                io.Image.Input("painting"),
                io.String.Input("name", default="my_style", tooltip="Of the style and of its file"),
                io.Combo.Input("quality", options=["draft", "good", "best"], default="good"),
                io.String.Input("command", default="allaprima", tooltip="Name or path of the command"),
            ],
            outputs=[BankType.Output(display_name="styles")],
        )

    @classmethod
    def execute(cls, painting: torch.Tensor, name: str, quality: str, command: str) -> io.NodeOutput:
        """The bank with the one style."""
        if not re.fullmatch(r"\w[\w-]*", name):
            raise ValueError(f"a style's name has letters, digits, _ and - only, not {name!r}")
        pixels = (255.0 * painting[0, ..., :3].clamp(0.0, 1.0)).round().to(torch.uint8).cpu().numpy()
        key = hashlib.sha256(f"{name} {quality} {pixels.shape}".encode() + pixels.tobytes()).hexdigest()[:16]
        work = Path(folder_paths.models_dir) / UNFINISHED / key  # another painting of that name is another training
        work.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.ascontiguousarray(pixels)).save(work / f"{name}.png")
        bars: list[comfy.utils.ProgressBar] = []

        def tell(step: int, steps: int) -> None:
            if not bars:
                bars.append(comfy.utils.ProgressBar(steps))
            bars[0].update_absolute(step)

        check = comfy.model_management.throw_exception_if_processing_interrupted
        train(command, work / f"{name}.png", work / f"{name}.onnx", quality, tell, check)
        bank, folder = read_bank(work / f"{name}.onnx"), Path(folder_paths.models_dir) / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        (work / f"{name}.onnx").replace(folder / f"{name}.onnx")
        shutil.rmtree(work)
        return io.NodeOutput(bank)


class AllaPrima(ComfyExtension):
    """What ComfyUI asks for."""

    async def get_node_list(self) -> list[type[io.ComfyNode]]:
        """All nodes."""
        return [LoadBank, Stylize, Train]


async def comfy_entrypoint() -> AllaPrima:
    """Where ComfyUI begins."""
    return AllaPrima()
