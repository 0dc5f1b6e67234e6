"""As much of ComfyUI as a node pack meets: schema V3, folders of models, progress, interruption.

Names, parameters and checks are those of ``comfy_api/latest/_io.py``, ``folder_paths.py`` and
``comfy/model_management.py``. A node runs as the host runs it: its inputs are checked against the schema and passed by
name.
"""

from __future__ import annotations

import asyncio
import importlib.util
import inspect
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import torch


class Interrupted(Exception):  # noqa: N818 - as short as a test likes it
    """``comfy.model_management.InterruptProcessingException``."""


class Socket:
    def __init__(self, id: str | None = None, display_name: str | None = None, tooltip: str | None = None) -> None:
        self.id, self.display_name, self.tooltip = id, display_name, tooltip


class Input(Socket):
    def __init__(
        self, id: str, display_name: str | None = None, optional: bool = False, tooltip: str | None = None,
        *, default: Any = None, **limits: Any,
    ) -> None:  # fmt: skip
        super().__init__(id, display_name, tooltip)
        self.optional, self.default, self.limits = optional, default, limits


def io_type(name: str, *allowed: str) -> Any:
    """A type with the inputs and outputs of its name; an input takes the parameters that the host's takes."""

    class TypedInput(Input):
        type = name

        def __init__(self, id: str, **words: Any) -> None:
            unknown = set(words) - {"display_name", "optional", "tooltip", "lazy", *allowed}
            assert not unknown, f"{name}.Input takes no {unknown}"
            super().__init__(id, **words)

    class TypedOutput(Socket):
        type = name

    return SimpleNamespace(Input=TypedInput, Output=TypedOutput, io_type=name)


@dataclass
class Schema:
    node_id: str
    display_name: str | None = None
    category: str = "sd"
    inputs: list[Input] = field(default_factory=list)
    outputs: list[Socket] = field(default_factory=list)
    description: str = ""
    is_output_node: bool = False

    def validate(self) -> None:
        names = [one.id for one in self.inputs]
        assert len(names) == len(set(names)), names
        for one in self.inputs:
            options = one.limits.get("options")
            assert one.default is None or options is None or one.default in options


class ComfyNode:
    @classmethod
    def define_schema(cls) -> Schema:
        raise NotImplementedError

    @classmethod
    def execute(cls, **inputs: Any) -> Any:
        raise NotImplementedError


class NodeOutput:
    def __init__(self, *args: Any) -> None:
        self.args = args


class ComfyExtension:
    async def on_load(self) -> None: ...

    async def get_node_list(self) -> list[type[ComfyNode]]:
        raise NotImplementedError


class Host:
    """A ComfyUI whose models lie below a folder.

    Args:
        folder: where its models are.
    """

    def __init__(self, folder: Path) -> None:
        self.models, self.interrupted, self.progress = folder / "models", False, [(0, 0)]
        self.folders: dict[str, list[Path]] = {}
        widget = ("default", "socketless", "force_input")
        io = SimpleNamespace(
            ComfyNode=ComfyNode, Schema=Schema, NodeOutput=NodeOutput, Custom=io_type,
            Image=io_type("IMAGE"), Mask=io_type("MASK"), Combo=io_type("COMBO", "options", "default"),
            String=io_type("STRING", "multiline", "placeholder", *widget),
            Float=io_type("FLOAT", "min", "max", "step", "round", "display_mode", *widget),
        )  # fmt: skip
        host = self

        class ProgressBar:
            def __init__(self, total: int) -> None:
                self.total = total

            def update_absolute(self, value: int, total: int | None = None, preview: Any = None) -> None:
                host.progress.append((value, self.total))

        def throw() -> None:
            if host.interrupted:
                raise Interrupted

        def full_path(folder: str, name: str) -> str:
            for place in host.folders[folder]:
                if (place / name).is_file():
                    return str(place / name)
            raise FileNotFoundError(name)

        management = self._module(
            "comfy.model_management",
            get_torch_device=lambda: torch.device("cpu"),
            throw_exception_if_processing_interrupted=throw,
        )
        utils = self._module("comfy.utils", ProgressBar=ProgressBar)
        self.modules = {
            "comfy": self._module("comfy", model_management=management, utils=utils),
            "comfy.model_management": management,
            "comfy.utils": utils,
            "comfy_api": self._module("comfy_api"),
            "comfy_api.latest": self._module("comfy_api.latest", io=io, ComfyExtension=ComfyExtension),
            "folder_paths": self._module(
                "folder_paths",
                models_dir=str(self.models),
                add_model_folder_path=lambda name, path: self.folders.setdefault(name, []).append(Path(path)),
                get_filename_list=lambda name: sorted(
                    path.name for place in self.folders[name] if place.is_dir() for path in place.iterdir()
                ),
                get_full_path_or_raise=full_path,
            ),
        }

    @staticmethod
    def _module(name: str, **names: Any) -> ModuleType:
        module = ModuleType(name)
        vars(module).update(names)
        return module

    def load(self, pack: Path) -> dict[str, type[ComfyNode]]:
        """Its nodes by id, as the host loads a folder of ``custom_nodes``."""
        name = f"custom_nodes_{pack.name}"
        spec = importlib.util.spec_from_file_location(
            name, pack / "__init__.py", submodule_search_locations=[str(pack)]
        )
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        return asyncio.run(self._nodes(module))

    @staticmethod
    async def _nodes(module: ModuleType) -> dict[str, type[ComfyNode]]:
        extension = await module.comfy_entrypoint()
        assert isinstance(extension, ComfyExtension)
        await extension.on_load()
        return {node.define_schema().node_id: node for node in await extension.get_node_list()}

    @staticmethod
    def run(node: type[ComfyNode], **inputs: Any) -> tuple[Any, ...]:
        """What a node gives, by the names of its schema; an input that is left out has its default."""
        schema = node.define_schema()
        schema.validate()
        given = {}
        for one in schema.inputs:
            if one.id in inputs or not one.optional:
                given[one.id] = inputs.pop(one.id) if one.id in inputs else one.default
                options = one.limits.get("options")
                assert options is None or given[one.id] in options, f"{given[one.id]} is not in {options}"
        assert not inputs, f"{schema.node_id} has no {inputs}"
        assert inspect.ismethod(node.execute)
        result = node.execute(**given)
        assert isinstance(result, NodeOutput)
        assert len(result.args) == len(schema.outputs)
        return result.args
