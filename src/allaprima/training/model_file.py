"""Back from a style model's file to a network that can be trained on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor

from allaprima.errors import ModelError
from allaprima.style_model import CARD_KEY, Card
from allaprima.training.layers import EPSILON
from allaprima.training.networks import NETWORKS, StyleNetwork

_PREFIX = "network."
_SHADE = _PREFIX + "shade."
"""Begins the names of what is not trained (``shade.py``)."""


def read_weights(path: Path) -> dict[str, Tensor]:
    """A style model's trained weights, as ``StyleNetwork.load_state_dict`` takes them.

    Raises:
        ModelError: the file is missing or holds no such weights.
    """
    return _weights_of(_load(path), path)


def read_card(path: Path) -> Card:
    """A style model's card.

    Raises:
        ModelError: the file is missing, not ONNX, or has no card.
    """
    return _card_of(_load(path), path)


def read_network(path: Path) -> tuple[Card, StyleNetwork]:
    """A style model's card, and its network as it was trained.

    Raises:
        ModelError: the file is missing, not a style model, of a network that this version does not have, or its weights
            are not those of that network.
    """
    model = _load(path)
    card, weights = _card_of(model, path), _weights_of(model, path)
    if card.network not in NETWORKS:
        raise ModelError(f"{path} is of the network {card.network}, which this version does not have")
    network = NETWORKS[card.network](len(card.styles), card.width)
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise ModelError(f"the weights in {path} are not those of the network that its card names") from error
    network.epsilons, network.shadows = _epsilons_of(model), _shadows_of(model)
    return card, network


def _load(path: Path) -> onnx.ModelProto:
    try:
        model = onnx.load(str(path), load_external_data=False)
    except FileNotFoundError as error:
        raise ModelError(f"there is no style model at {path}") from error
    except Exception as error:
        raise ModelError(f"{path} is not a readable ONNX model") from error
    if not model.HasField("graph"):  # nearly any bytes are a protocol buffer of fields that nobody knows
        raise ModelError(f"{path} is not a readable ONNX model")
    return model


def _card_of(model: onnx.ModelProto, path: Path) -> Card:
    try:
        return Card.from_json({prop.key: prop.value for prop in model.metadata_props}.get(CARD_KEY))
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error


def _weights_of(model: onnx.ModelProto, path: Path) -> dict[str, Tensor]:
    weights = {
        tensor.name.removeprefix(_PREFIX): torch.from_numpy(numpy_helper.to_array(tensor).copy())
        for tensor in model.graph.initializer
        if tensor.name.startswith(_PREFIX) and not tensor.name.startswith(_SHADE)
    }
    if not weights:
        raise ModelError(f"{path} holds no weights to train on; was it written by allaprima train?")
    return weights


def _epsilons_of(model: onnx.ModelProto) -> list[float]:
    """Of the norms, in the order of the graph's nodes, which is the one in which they see a picture."""
    norms = [node for node in model.graph.node if node.op_type == "InstanceNormalization"]
    return [next((a.f for a in norm.attribute if a.name == "epsilon"), EPSILON) for norm in norms]


def _shadows_of(model: onnx.ModelProto) -> float:
    """What the file has of ``StyleNetwork.shadows``; 1 where the painting's light is as it is painted."""
    found = [tensor for tensor in model.graph.initializer if tensor.name == _SHADE + "darkest"]
    return float(numpy_helper.to_array(found[0])) if found else 1.0


def weights_sha256(weights: Mapping[str, Tensor]) -> str:
    """SHA-256 over names and float32 values in sorted order: the same weights, the same digest."""
    digest = hashlib.sha256()
    for name in sorted(weights):
        digest.update(name.encode())
        digest.update(weights[name].detach().cpu().float().contiguous().numpy().tobytes())
    return digest.hexdigest()
