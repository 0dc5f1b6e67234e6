"""Engines by name."""

from __future__ import annotations

from allaprima.errors import EngineError, OptionError, how_to_install
from allaprima.scale.here import Here
from allaprima.scale.run import Engine, Paint
from allaprima.scale.worker import paint_rows

NAMES = ("dask", "ray")


def check_engine(on: str | None, count: int | None) -> None:
    """Refuse an engine that does not exist.

    Raises:
        OptionError: with those that do; or a number of workers for a cluster that has its own.
    """
    name, colon, address = (on or "").partition(":")
    if on is not None and (name not in NAMES or (colon and not address)):
        raise OptionError(f'there is no engine "{on}"; choose one of: dask, dask:ADDRESS, ray, ray:ADDRESS')
    if address and count is not None:
        raise OptionError(f"the cluster at {address} has its own number of workers; leave out threads")


def open_engine(on: str | None, count: int) -> tuple[Engine, Paint]:
    """An engine, and what it is to carry.

    Args:
        on: "dask", "ray", either with a colon and an address; None is processes of this machine.
        count: of workers, where the engine is started for this run.

    Raises:
        EngineError: it is not installed, or does not answer.
    """
    if on is None:
        here = Here(count)
        return here, here.paint_rows
    name, _, address = on.partition(":")
    try:
        if name == "dask":
            from allaprima.scale.dask import DaskEngine  # noqa: PLC0415 - an extra

            return DaskEngine(address, count), paint_rows
        from allaprima.scale.ray import RayEngine  # noqa: PLC0415 - an extra

        return RayEngine(address, count), paint_rows
    except ModuleNotFoundError as error:
        raise EngineError(f"the engine {name} needs the package {error.name}: {how_to_install(name)}") from error
