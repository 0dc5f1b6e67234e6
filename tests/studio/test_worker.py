"""What a worker does with a request, and how it and the server understand each other."""

from __future__ import annotations

import asyncio
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allaprima.errors import OptionError, OutOfMemoryError, OutputError, PictureError
from allaprima.studio.frames import packed, read_message, receive_message
from allaprima.studio.worker import fault_of, paint
from allaprima.stylizer import Stylizer
from studios import png


@given(st.lists(st.binary(max_size=50), max_size=4), st.dictionaries(st.text(), st.integers(), max_size=3))
def test_a_message_arrives_as_it_was_sent(blobs, head):
    head.pop("sizes", None)
    data = b"".join(packed(head, blobs))
    assert read_message(io.BytesIO(data)) == (head, blobs)

    async def received():
        stream = asyncio.StreamReader()
        stream.feed_data(data)
        stream.feed_eof()
        return await receive_message(stream)

    assert asyncio.run(received()) == (head, blobs)


@given(st.binary(max_size=80))
def test_an_answer_that_is_none_is_the_end_of_a_worker(data):
    async def received():
        stream = asyncio.StreamReader()
        stream.feed_data(data)
        stream.feed_eof()
        return await receive_message(stream)

    with pytest.raises(EOFError):
        asyncio.run(received())


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (PictureError("damaged"), 422),
        (OptionError("wrong", options=("style",)), 400),
        (OutputError("no such format"), 400),
        (OutOfMemoryError("too large"), 422),
        (MemoryError(), 422),
        (ZeroDivisionError("ours"), 500),
    ],
)
def test_each_error_has_its_status(error, status):
    fault = fault_of(error, known=True)
    assert fault["status"] == status
    assert fault["detail"]


def test_what_is_no_picture_is_of_an_unsupported_type():
    assert fault_of(PictureError("it is not a picture"), known=False)["status"] == 415
    assert fault_of(PictureError("the mask: it is not a picture"), known=False)["status"] == 422


def test_another_model_is_loaded_once():
    stylizers = {"": Stylizer(threads=1)}
    settings = {"threads": 1, "memory": "1G", "max_pixels": 10_000}
    for _ in range(2):
        result, kind = paint(stylizers, settings, {"model": "fine", "style": "udnie", "format": "webp"}, [png()])
        assert kind == "WEBP"
        assert result[8:12] == b"WEBP"
    assert list(stylizers) == ["", "fine"]
