"""What is measured, how a stopped run goes on, and what is never measured twice."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import islice

import pytest

from allaprima.errors import ModelError
from allaprima.evaluation.experiment import CONTENT, NOISE, PAINTING, Experiment, Lineup, Settings
from allaprima.evaluation.log import Log

SETTINGS = Settings(sizes=(32,), starts={"content": 3, "noise": 3}, refine=2)


@pytest.fixture
def make(judge, negative, photos, tmp_path):
    """An experiment on two photographs, in a folder of that name."""
    painter, _ = negative
    paths = [photos / "0.jpg", photos / "deep" / "1.png"]

    def build(folder="run", settings=SETTINGS, **conditions):
        lineup = Lineup([painter], [painter], {path.relative_to(photos).as_posix(): path for path in paths})
        return Experiment(judge, lineup, replace(settings, conditions=conditions), tmp_path / folder)

    return build


def values(experiment):
    """Every result but for the seconds, which no two runs share."""
    return {
        outcome.task: (outcome.terms, {name: curve for name, curve in outcome.curve.items() if name != "seconds"})
        for outcome in experiment.outcomes()
    }


def test_one_run_measures_everything(make):
    experiment = make()
    work = experiment.steps
    assert sum(done.steps for done in experiment.run()) == work
    assert experiment.steps == 0
    found = {(o.task.photo, o.task.style, o.task.painter, o.task.start): o for o in experiment.outcomes()}
    # Two photographs; waves has photograph, negative, two starts and a refinement, stars lacks those of the painter.
    assert len(found) == 2 * (5 + 3)
    for (photo, style, _, start), outcome in found.items():
        assert outcome.picture.is_file()
        assert len(outcome.curve.get("total", [])) == {"": 0, CONTENT: 4, NOISE: 4, PAINTING: 3}[start]
        if start:
            assert outcome.curve["total"][-1] < outcome.curve["total"][0]
            # The last picture loses next to nothing when it is rounded to 8 bits.
            assert outcome.terms["total"] == pytest.approx(outcome.curve["total"][-1], rel=0.05)
        if start == CONTENT:
            assert outcome.curve["total"][0] == pytest.approx(found[photo, style, "photograph", ""].terms["total"])
        if start == PAINTING:
            assert outcome.curve["total"][0] == pytest.approx(found[photo, style, "negative", ""].terms["total"])


def test_a_run_that_was_cut_goes_on_and_ends_the_same(make, negative, tmp_path):
    _, calls = negative
    whole = make("whole")
    list(whole.run())
    assert len(calls) == 4  # each photograph for itself and as a start

    cut = make("cut")
    list(islice(cut.run(), 12))  # in the middle of an optimization
    log = tmp_path / "cut" / "log.jsonl"
    before = log.read_text()
    with log.open("a") as file:
        file.write('{"measured": {"photo": "0.j')  # a kill in the middle of a line
    resumed = make("cut")
    assert 0 < resumed.steps < whole_steps(make)
    list(resumed.run())
    assert values(resumed) == values(whole)
    assert log.read_text().startswith(before)
    measured = [json.dumps(json.loads(line)["measured"]) for line in log.read_text().splitlines()]
    assert len(measured) == len(set(measured)) == 16
    assert len(calls) == 4 + 4 + 1  # the optimization that was cut is begun again


def whole_steps(make):
    return make("untouched").steps


def test_results_under_other_settings_are_not_taken_for_these(make):
    list(make().run())
    assert make(vgg16="another").steps == make("fresh").steps
    longer = make(settings=Settings(sizes=(32,), starts={"content": 4, "noise": 4}, refine=2))
    assert longer.steps == 4 * 2 * 5  # only the optimizations from content and noise: 2 photographs, 2 styles
    assert make(settings=Settings(sizes=(32,), starts={})).steps == 0


def test_a_picture_that_was_deleted_is_made_again(make):
    experiment = make()
    list(experiment.run())
    experiment.outcomes()[0].picture.unlink()
    assert make().steps == 1


def test_two_painters_of_one_name_are_refused(judge, negative, photos, tmp_path):
    painter, _ = negative
    with pytest.raises(ModelError, match="called negative"):
        Experiment(judge, Lineup([painter, painter], [], {"0.jpg": photos / "0.jpg"}), SETTINGS, tmp_path)


def test_the_log_keeps_what_is_whole(tmp_path):
    path = tmp_path / "log.jsonl"
    log = Log(path)
    log.add({"a": 1, "b": (2, 3)}, {"x": 0.5})
    with path.open("a") as file:
        file.write('[]\n{"measured": 3}\nnonsense\n{"cut')
    again = Log(path)
    assert again.get({"b": [2, 3], "a": 1}) == {"x": 0.5}  # neither order nor kind of sequence matters
    assert again.get({"a": 2, "b": [2, 3]}) is None
    assert len(path.read_text().splitlines()) == 1
