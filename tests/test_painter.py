"""What a painter asks of its engine."""

from __future__ import annotations

from contextlib import nullcontext

from allaprima import Stylizer
from allaprima.painter import BYTES_OF_DECODED


def test_room_is_for_the_whole_picture_also_where_a_smaller_one_is_painted(monkeypatch):
    stylizer, asked = Stylizer(threads=1), []
    painter = stylizer.painter(stylizer.look("udnie", stroke=128))
    monkeypatch.setattr(painter.engine, "room", lambda *wanted: asked.append(wanted) or nullcontext())
    with painter.room() as opened:
        opened(4096, 2048)
    ((height, width, beside),) = asked
    assert (height, width) < (100, 200)
    assert beside >= BYTES_OF_DECODED * 4096 * 2048
