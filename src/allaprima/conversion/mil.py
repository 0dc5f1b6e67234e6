"""Core ML's programs (MIL) computed in PyTorch, by the definition of each operator.

Core ML runs on Apple's systems only. Elsewhere this is how a program is checked: its operators, their order, shapes and
weights. Rounding may differ from Core ML's own by what float32 allows.

The operators are those that our networks become; their definitions are in coremltools' reference of MIL operators.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from allaprima.errors import ConversionError

Inputs = dict[str, Any]
"""An operator's inputs by name: tensors, or tuples of them."""


@torch.no_grad()
def run(program: Any, given: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Compute a program's outputs.

    Args:
        program: of coremltools (``coremltools.converters.mil.mil.Program``), with one function, ``main``.
        given: its inputs by name; others are not looked at.

    Raises:
        ConversionError: it has an operator that is not known here.
    """
    main = program.functions["main"]
    known: dict[Any, Any] = {variable: given[name] for name, variable in main.inputs.items()}

    def value(variable: Any) -> Any:
        if isinstance(variable, list | tuple):
            return tuple(value(one) for one in variable)
        return known[variable] if variable in known else constant(variable.val)

    for operator in main.operations:
        if operator.op_type == "const":
            continue
        if operator.op_type not in _OPERATORS:
            raise ConversionError(
                f"the Core ML program has the operator {operator.op_type}, which cannot be checked here"
            )
        inputs = {name: value(variable) for name, variable in operator.inputs.items() if variable is not None}
        known[operator.outputs[0]] = _OPERATORS[operator.op_type](inputs)
    return {variable.name: value(variable) for variable in main.outputs}


def constant(stored: Any) -> Any:
    """Numbers as tensors; words and truth values as they are."""
    if isinstance(stored, str | bool | np.bool_):
        return stored
    return torch.as_tensor(np.asarray(stored))


def _whole(tensor: Tensor) -> list[int]:
    return [int(one) for one in tensor.flatten().tolist()]


def _conv(i: Inputs) -> Tensor:
    x, rank = i["x"], i["x"].dim() - 2
    strides, dilations = (_whole(i[name]) if name in i else [1] * rank for name in ("strides", "dilations"))
    if i.get("pad_type", "valid") == "custom":
        top, bottom, left, right = _whole(i["pad"])
        x = F.pad(x, [left, right, top, bottom])
    elif i.get("pad_type", "valid") != "valid":
        raise ConversionError("the Core ML program pads a convolution in a way that cannot be checked here")
    groups = int(i.get("groups", 1))
    return F.conv2d(x, i["weight"], i.get("bias"), strides, 0, dilations, groups)


def _conv_transpose(i: Inputs) -> Tensor:
    """Without padding, then cut: ``pad`` at the beginning, and ``output_shape`` says where the end is."""
    strides = _whole(i["strides"]) if "strides" in i else [1, 1]
    whole = F.conv_transpose2d(i["x"], i["weight"], i.get("bias"), strides, groups=int(i.get("groups", 1)))
    top, bottom, left, right = _whole(i["pad"]) if "pad" in i else [0] * 4
    height, width = whole.shape[2] - top - bottom, whole.shape[3] - left - right
    if "output_shape" in i:
        height, width = _whole(i["output_shape"])[2:]
    missing = [0, max(0, left + width - whole.shape[3]), 0, max(0, top + height - whole.shape[2])]
    return F.pad(whole, missing)[:, :, top : top + height, left : left + width]


def _pad(i: Inputs) -> Tensor:
    pairs = _whole(i["pad"])
    pairs = [
        one for start in range(len(pairs) - 2, -2, -2) for one in pairs[start : start + 2]
    ]  # the last dimension first
    mode = i.get("mode", "constant")
    if mode == "constant":
        return F.pad(i["x"], pairs, value=float(i.get("constant_val", 0.0)))
    while pairs[-2:] == [0, 0]:
        pairs = pairs[:-2]
    return F.pad(i["x"], pairs, mode=mode)


def _slice(i: Inputs) -> Any:
    x = i["x"]
    rank = x.dim()
    begin, end = _whole(i["begin"]), _whole(i["end"])
    strides = _whole(i["stride"]) if "stride" in i else [1] * rank
    masks = [
        [bool(one) for one in i[name].flatten().tolist()] if name in i else [False] * rank
        for name in ("begin_mask", "end_mask", "squeeze_mask")
    ]
    index: list[int | slice] = []
    for dim in range(rank):
        if masks[2][dim]:
            index.append(begin[dim])
        else:
            first = None if masks[0][dim] else begin[dim]
            index.append(slice(first, None if masks[1][dim] else end[dim], strides[dim]))
    return x[tuple(index)]


def _upsample(mode: str) -> Callable[[Inputs], Tensor]:
    def run_it(i: Inputs) -> Tensor:
        factors = (float(i["scale_factor_height"]), float(i["scale_factor_width"]))
        if mode == "nearest":
            return F.interpolate(i["x"], scale_factor=factors, mode=mode)
        return F.interpolate(i["x"], scale_factor=factors, mode=mode, align_corners=bool(i.get("align_corners", True)))

    return run_it


def _avg_pool(i: Inputs) -> Tensor:
    if i.get("pad_type", "valid") not in ("valid", "custom") or any(_whole(i.get("pad", torch.zeros(1)))):
        raise ConversionError("the Core ML program pads an average in a way that cannot be checked here")
    kernel = _whole(i["kernel_sizes"])
    return F.avg_pool2d(i["x"], kernel, _whole(i["strides"]) if "strides" in i else [1, 1])


def _norm(i: Inputs) -> Tensor:
    return F.instance_norm(i["x"], weight=i.get("gamma"), bias=i.get("beta"), eps=float(i.get("epsilon", 1e-5)))


def _gather(i: Inputs) -> Any:
    x, indices, axis = i["x"], i["indices"].long(), int(i.get("axis", 0))
    found = x.index_select(axis, indices.flatten())
    shape = [*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]]
    return found.reshape(shape)


def _matmul(i: Inputs) -> Any:
    x, y = i["x"], i["y"]
    x = x.mT if i.get("transpose_x", False) else x
    return x @ (y.mT if i.get("transpose_y", False) else y)


def _reduce(function: Callable[..., Tensor]) -> Callable[[Inputs], Tensor]:
    def run_it(i: Inputs) -> Tensor:
        axes = _whole(i["axes"]) if "axes" in i else list(range(i["x"].dim()))
        return function(i["x"], axes, keepdim=bool(i.get("keep_dims", False)))

    return run_it


def _squeeze(i: Inputs) -> Any:
    axes = _whole(i["axes"]) if "axes" in i else [n for n, size in enumerate(i["x"].shape) if size == 1]
    return i["x"].squeeze(tuple(axes))


def _expand(i: Inputs) -> Tensor:
    x: Tensor = i["x"]
    for axis in sorted(_whole(i["axes"])):
        x = x.unsqueeze(axis)
    return x


_TYPES = {"fp16": torch.float16, "fp32": torch.float32, "int32": torch.int32, "bool": torch.bool}

_OPERATORS: dict[str, Callable[[Inputs], Any]] = {
    "conv": _conv,
    "conv_transpose": _conv_transpose,
    "pad": _pad,
    "instance_norm": _norm,
    "avg_pool": _avg_pool,
    "upsample_bilinear": _upsample("bilinear"),
    "upsample_nearest_neighbor": _upsample("nearest"),
    "linear": lambda i: F.linear(i["x"], i["weight"], i.get("bias")),
    "matmul": _matmul,
    "relu": lambda i: F.relu(i["x"]),
    "tanh": lambda i: torch.tanh(i["x"]),
    "round": lambda i: torch.round(i["x"]),
    "square": lambda i: torch.square(i["x"]),
    "sqrt": lambda i: torch.sqrt(i["x"]),
    "rsqrt": lambda i: torch.rsqrt(i["x"] + i.get("epsilon", 1e-12)),
    "inverse": lambda i: 1.0 / (i["x"] + i.get("epsilon", 1e-4)),
    "clip": lambda i: i["x"].clamp(float(i["alpha"]), float(i["beta"])),
    "add": lambda i: i["x"] + i["y"],
    "sub": lambda i: i["x"] - i["y"],
    "mul": lambda i: i["x"] * i["y"],
    "real_div": lambda i: i["x"] / i["y"],
    "floor_div": lambda i: torch.div(i["x"], i["y"], rounding_mode="floor"),
    "mod": lambda i: torch.remainder(i["x"], i["y"]),
    "pow": lambda i: i["x"] ** i["y"],
    "maximum": lambda i: torch.maximum(i["x"], i["y"].to(i["x"].dtype)),
    "minimum": lambda i: torch.minimum(i["x"], i["y"].to(i["x"].dtype)),
    "reduce_mean": _reduce(torch.mean),
    "reduce_sum": _reduce(torch.sum),
    "shape": lambda i: torch.tensor(i["x"].shape, dtype=torch.int32),
    "gather": _gather,
    "reshape": lambda i: i["x"].reshape(_whole(i["shape"])),
    "transpose": lambda i: i["x"].permute(_whole(i["perm"])),
    "concat": lambda i: torch.cat(tuple(one.view(one.shape or 1) for one in i["values"]), int(i["axis"])),
    "stack": lambda i: torch.stack(i["values"], int(i["axis"])),
    "expand_dims": _expand,
    "squeeze": _squeeze,
    "slice_by_index": _slice,
    "fill": lambda i: torch.full(_whole(i["shape"]), float(i.get("value", 0.0))),
    "tile": lambda i: i["x"].repeat(_whole(i["reps"])),
    "cast": lambda i: i["x"].to(_TYPES[i["dtype"]]),
    "identity": lambda i: i["x"],
}
