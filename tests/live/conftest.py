"""A painting loop on the test picture, with its server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from allaprima.live.capture import Capture
from allaprima.live.controls import Choice, Controls
from allaprima.live.desk import Desk
from allaprima.live.loop import Loop
from allaprima.live.place import Place
from allaprima.live.server import start_server
from allaprima.live.shown import Shown
from allaprima.live.stream import open_stream
from allaprima.stylizer import Stylizer
from lives import Live


@pytest.fixture(scope="session")
def stylizer() -> Stylizer:
    return Stylizer()


@pytest.fixture
def live(stylizer, tmp_path) -> Iterator[Live]:
    """The test picture, painted small so that a busy machine keeps up."""
    place = Place("test", "test picture", "test")
    capture, shown = Capture(lambda: open_stream(place), open_stream(place)), Shown()
    controls = Controls([style.name for style in stylizer.styles], Choice("irises"))
    loop = Loop(stylizer, capture, controls, shown, fps=30, longest=240)
    server = start_server(Desk(stylizer, capture, controls, shown, loop, place.label, tmp_path), 0)
    loop.start()
    yield Live(loop, capture, server.server_port, tmp_path)
    loop.stop()
    server.shutdown()
    server.server_close()
    assert loop.fault is None
