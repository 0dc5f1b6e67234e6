"""The page in the other two engines of browsers: Firefox, and WebKitGTK, which is the nearest thing to Safari here."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from allaprima.stylizer import Stylizer
from drivers import firefox, webkit
from studios import assert_alike

PROJECT = Path(__file__).parents[2]
STYLES = 20
LONG = 120
"""Seconds: Firefox compiles ONNX Runtime anew in each fresh profile, which on a busy machine takes a while."""

PAINTED = "return document.querySelectorAll('.sheet li.painted').length"
STATUS = "return document.querySelector('.status').textContent"
DOWNLOADED = """
const make = URL.createObjectURL;
const file = new Promise((resolve) => { URL.createObjectURL = (blob) => { resolve(blob); return make(blob); }; });
document.querySelector('#format').value = 'png';
[...document.querySelectorAll('button')].find((one) => one.textContent === 'Download').click();
const bytes = new Uint8Array(await (await file).arrayBuffer());
URL.createObjectURL = make;
return btoa(String.fromCharCode(...bytes));
"""
ELSEWHERE = """
const asked = performance.getEntriesByType('resource').map((one) => one.name);
return asked.filter((name) => !name.startsWith(arguments_[0]));
"""


@pytest.mark.parametrize("engine", [webkit, firefox], ids=["WebKitGTK", "Firefox"])
def test_a_photograph_is_painted_in_every_style_and_saved(engine, address, tmp_path):
    path = tmp_path / "small.png"
    Image.open(PROJECT / "examples" / "coffee.jpg").convert("RGB").resize((90, 67)).save(path)
    with engine() as browser:
        browser.go(address)
        assert browser.run("return crossOriginIsolated") is True
        browser.choose("input[type=file]", path)
        browser.wait(f"{PAINTED} === {STYLES}", LONG)
        browser.wait(f"{STATUS}.includes('The Great Wave') && {STATUS[7:]}.includes('on this device')", LONG)
        data = base64.b64decode(browser.run(DOWNLOADED))
        assert browser.run(ELSEWHERE, address) == []
        assert browser.run("return document.querySelector('.fault').hidden") is True
    painted = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    assert_alike(painted, Stylizer().stylize(np.asarray(Image.open(path)), "great_wave"))
