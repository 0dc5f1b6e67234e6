"""One readable file of all that a function of this package needs, and of nothing else.

The definitions are copied from the package's own files as they stand there, comments included, so that a change of the
networks is in the next export. What is not reached is left out: other functions, and methods that nothing calls.
"""

from __future__ import annotations

import ast
import importlib.util
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

_ROOT = "allaprima"
_CALLED_BY_PYTORCH = {"forward", "backward"}
_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class _File:
    """One source file: its lines, and the statements that bind each name at its top level."""

    lines: list[str]
    bound: dict[str, ast.stmt] = field(default_factory=dict)
    remarks: dict[ast.stmt, ast.stmt] = field(default_factory=dict)
    """The string below a constant, which describes it."""


@cache
def _file(module: str) -> _File:
    spec = importlib.util.find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    text = Path(spec.origin).read_text(encoding="utf-8")
    result = _File(text.splitlines())
    before: ast.stmt | None = None
    for statement in ast.parse(text).body:
        for name in _names_bound(statement):
            result.bound[name] = statement
        if _is_remark(statement) and isinstance(before, ast.Assign | ast.AnnAssign):
            result.remarks[before] = statement
        before = statement
    return result


def _names_bound(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, _Function | ast.ClassDef):
        yield statement.name
    elif isinstance(statement, ast.Import | ast.ImportFrom):
        yield from (alias.asname or alias.name.partition(".")[0] for alias in statement.names)
    elif isinstance(statement, ast.Assign | ast.AnnAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        yield from (node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name))


def _is_remark(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


class _Bundle:
    """What is reached from a function, in an order in which everything is defined before it is used."""

    def __init__(self, called: set[str]) -> None:
        self.called = called
        """Names of attributes that are used: of methods, those are kept."""
        self.imports: set[tuple[str, str]] = set()
        self.definitions: dict[tuple[str, str], ast.stmt] = {}
        self._begun: set[tuple[str, str]] = set()

    def add(self, module: str, name: str) -> None:
        file = _file(module)
        statement = file.bound.get(name)
        if statement is None or (module, name) in self._begun:  # of the language, or local
            return
        self._begun.add((module, name))
        if isinstance(statement, ast.ImportFrom) and (statement.module or "").startswith(_ROOT):
            original = next(alias.name for alias in statement.names if name in (alias.asname, alias.name))
            self.add(statement.module or "", original)
        elif isinstance(statement, ast.Import | ast.ImportFrom):
            self.imports.add(_import_of(statement, name))
        else:
            for part in self._kept(statement):
                for node in ast.walk(part):
                    if isinstance(node, ast.Name):
                        self.add(module, node.id)
                    elif isinstance(node, ast.Attribute):
                        self.called.add(node.attr)
            self.definitions[module, name] = statement

    def _kept(self, statement: ast.stmt) -> list[ast.AST]:
        """A definition, and of a class only what is kept of it."""
        if not isinstance(statement, ast.ClassDef):
            return [statement]
        dropped = self.dropped(statement)
        body: Iterable[ast.AST] = (part for part in statement.body if part not in dropped)
        return [*statement.bases, *statement.decorator_list, *body]

    def dropped(self, statement: ast.stmt) -> list[_Function]:
        """Methods that nothing calls."""
        if not isinstance(statement, ast.ClassDef):
            return []
        kept = self.called | _CALLED_BY_PYTORCH
        return [
            part
            for part in statement.body
            if isinstance(part, _Function) and not part.name.startswith("__") and part.name not in kept
        ]

    def text(self) -> Iterator[str]:
        """The definitions, as they are in their files."""
        for (module, _), statement in self.definitions.items():
            file = _file(module)
            skipped = {
                number for method in self.dropped(statement) for number in range(_first_line(method), _last(method) + 1)
            }
            last = file.remarks.get(statement, statement)
            numbers = range(_first_line(statement), _last(last) + 1)
            yield "\n".join(file.lines[number - 1] for number in numbers if number not in skipped).rstrip()


def _import_of(statement: ast.Import | ast.ImportFrom, name: str) -> tuple[str, str]:
    """("torch", "Tensor") of ``from torch import Tensor``, ("torch.nn.functional as F", "") of a whole module."""
    alias = next(a for a in statement.names if name in (a.asname, a.name.partition(".")[0]))
    renamed = f" as {alias.asname}" if alias.asname else ""
    if isinstance(statement, ast.Import):
        return f"{alias.name}{renamed}", ""
    return statement.module or "", f"{alias.name}{renamed}"


def _import_lines(imports: Iterable[tuple[str, str]]) -> str:
    """Python's own first, as is usual."""
    whole = [(module, f"import {module}") for module, name in sorted(imports) if not name]
    names: dict[str, list[str]] = {}
    for module, name in sorted(imports):
        if name:
            names.setdefault(module, []).append(name)
    lines = [*whole, *((module, f"from {module} import {', '.join(parts)}") for module, parts in names.items())]
    groups = [
        [line for module, line in lines if (module.partition(".")[0] in sys.stdlib_module_names) is own]
        for own in (True, False)
    ]
    return "\n\n".join("\n".join(group) for group in groups if group)


def _first_line(statement: ast.stmt) -> int:
    decorators = statement.decorator_list if isinstance(statement, _Function | ast.ClassDef) else []
    return min([statement.lineno, *(decorator.lineno for decorator in decorators)])


def _last(statement: ast.stmt) -> int:
    assert statement.end_lineno is not None
    return statement.end_lineno


def bundle(module: str, names: Iterable[str], title: str, methods: Iterable[str] = ()) -> str:
    """A file that defines some names of a module and all that they need of this package.

    Args:
        module: such as ``allaprima.conversion.loading``.
        names: of functions or classes in it.
        title: the file's docstring.
        methods: that are kept although nothing in the file calls them.
    """
    called = set(methods)
    while True:
        count = len(called)
        result = _Bundle(called)
        for name in names:
            result.add(module, name)
        if len(called) == count:  # all that is called is kept
            break
    head = [f'"""{title}"""', "from __future__ import annotations", _import_lines(result.imports)]
    return "\n\n".join([*head, *(f"\n{text}" for text in result.text())]) + "\n"
