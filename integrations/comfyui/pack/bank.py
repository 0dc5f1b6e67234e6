"""A style model's file as a PyTorch module, without ONNX Runtime and without the ``onnx`` package."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from .painting.errors import ModelError
from .painting.graph import StyleModel
from .painting.networks import NETWORKS
from .painting.onnx_wire import fields, graph_of, metadata_of, texts
from .painting.style_model import CARD_KEY, SMALLEST_SIDE, Card, mixture

NODE, INITIALIZER = 1, 5
"""Fields of a GraphProto."""
NODE_TYPE, NODE_ATTRIBUTE = 4, 5
TENSOR_NAME, TENSOR_RAW = 8, 9

CHUNK = 2**22
"""Pixels that are painted at once: frames of a clip would not fit into memory all together."""

PREFIX, SHADE = "network.", "shade."


@dataclass(frozen=True)
class Bank:
    """A style model that can paint."""

    card: Card
    model: StyleModel

    @property
    def styles(self) -> tuple[str, ...]:
        """What it can paint."""
        return self.card.names[1:]

    @torch.inference_mode()
    def paint(
        self, image: Tensor, style: str, strength: float, mask: Tensor | None = None, device: torch.device | None = None
    ) -> Iterator[Tensor]:
        """Some frames at a time, [n, H, W, 3] each, in 0..1 on the CPU.

        Args:
            image: [N, H, W, 3] in 0..1, N frames, or [N, H, W, 4], whose alpha is left out.
            style: a style or a mixture, as the command takes them: ``great_wave:0.6,irises:0.4``.
            strength: 0..1.
            mask: where to paint, [H, W], [1, H, W] or [N, H, W] in 0..1; None is everywhere.
            device: where to compute.

        Raises:
            StyleError: there is no such style, or strength.
            ModelError: the frames are smaller than the model takes, or the mask does not fit them.
        """
        count, height, width = image.shape[:3]
        if min(height, width) < SMALLEST_SIDE:
            raise ModelError(f"a picture needs at least {SMALLEST_SIDE} pixels on each side, not {width}×{height}")
        if mask is not None:
            mask = mask.expand(count, *mask.shape[-2:]) if mask.dim() == 2 or len(mask) == 1 else mask
            if mask.shape != (count, height, width):
                raise ModelError(f"the mask {tuple(mask.shape)} does not fit the frames {(count, height, width)}")
        weights = torch.from_numpy(mixture(self.card.names, style, strength)).to(device)
        model = self.model.to(device)
        frames = max(1, CHUNK // (height * width))
        for first in range(0, count, frames):
            part = image[first : first + frames, ..., :3]
            pixels = (255.0 * part.clamp(0.0, 1.0)).round().to(torch.uint8).to(device)
            painted = model(pixels, weights).cpu().float() / 255.0
            if mask is not None:
                painted = torch.lerp(part.cpu().float(), painted, mask[first : first + frames, ..., None].cpu().float())
            yield painted


def read_bank(path: Path) -> Bank:
    """Read a style model.

    Raises:
        ModelError: the file cannot be read, or is not a style model that this version knows.
    """
    try:
        data = path.read_bytes()
        card, graph = Card.from_json(metadata_of(data).get(CARD_KEY)), graph_of(data)
        weights = dict(_weights(graph))
        if card.network not in NETWORKS:
            raise ModelError(f"it is of the network {card.network}, which this version does not have")
        network = NETWORKS[card.network](len(card.styles), card.width)
        own = network.state_dict()
        network.load_state_dict({name: _tensor(weights[name], own[name].shape) for name in own})
        if SHADE + "darkest" in weights:
            network.shadows = _tensor(weights[SHADE + "darkest"], ()).item()
        network.epsilons = list(_epsilons(graph))
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror or error}") from error
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
    except (ValueError, IndexError, KeyError, RuntimeError, struct.error) as error:
        raise ModelError(f"{path} is not a readable style model") from error
    return Bank(card, StyleModel(network).eval())


def _weights(graph: bytes) -> Iterator[tuple[str, bytes]]:
    for number, _, tensor in fields(graph):
        if number == INITIALIZER:
            parts = {kind: value for kind, _, value in fields(tensor)}
            name = parts.get(TENSOR_NAME, b"").decode()
            if name.startswith(PREFIX):
                yield name.removeprefix(PREFIX), parts.get(TENSOR_RAW, b"")


def _tensor(data: bytes, shape: tuple[int, ...]) -> Tensor:
    return torch.from_numpy(np.frombuffer(data, "<f4").reshape(shape).copy())


def _epsilons(graph: bytes) -> Iterator[float]:
    """Of the norms, in the order of the graph's nodes, which is the one in which they see a picture."""
    for number, _, node in fields(graph):
        if number == NODE and texts(node, NODE_TYPE) == ["InstanceNormalization"]:
            attributes = [value for kind, _, value in fields(node) if kind == NODE_ATTRIBUTE]
            named = [attribute for attribute in attributes if texts(attribute, 1) == ["epsilon"]]
            raws = [raw for attribute in named for kind, raw, _ in fields(attribute) if kind == 2]
            yield struct.unpack("<f", raws[0][-4:])[0] if raws else 1e-5
