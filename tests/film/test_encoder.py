"""Encoders leave the process as it was."""

from __future__ import annotations

import os
from fractions import Fraction

import numpy as np
import pytest

pytest.importorskip("av", reason="the extra video is not installed")

from allaprima.film.encoder import ToEncode, open_segment
from allaprima.film.encoding import CODECS, Encoding


@pytest.mark.skipif(not hasattr(os, "sched_getscheduler"), reason="this system does not tell how threads are scheduled")
@pytest.mark.parametrize("codec", sorted(CODECS))
def test_encoding_makes_no_thread_of_ours_a_real_time_one(codec, tmp_path):
    before = os.sched_getscheduler(0)
    encoding = Encoding(".mkv", codec, 90, alpha=False)
    to_encode = ToEncode(encoding, (64, 64))
    with open_segment(tmp_path / "a", encoding, (64, 64), Fraction(25)) as encoder:
        for level in (0, 90):
            encoder.write(to_encode(np.full((64, 64, 3), level, np.uint8)))
            assert os.sched_getscheduler(0) == before
    assert os.sched_getscheduler(0) == before
