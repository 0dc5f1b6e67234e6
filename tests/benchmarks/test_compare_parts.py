"""Curves, intervals, indices, probes and sets, each on something whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from allaprima.errors import TrainingError
from allaprima.evaluation.painters import Painter, file_sha256
from judges.bootstrap import interval
from judges.curves import Curve, meet
from judges.faces import decode, overlap, strongest
from judges.hed import edge_distance
from judges.indices import Indices, luminance, mesh, rank_correlation
from judges.judge import Scene
from judges.measure import Measured, describe
from judges.photo_sets import find_set, read_set
from judges.probes import flat, noisy_wall, probe
from judges.sheet import LABEL, Row, crop, draw
from judges.verdicts import ALL, Pair, compare, difference, pairs
from support import checkered


def curve(content: list[float], style: list[float]) -> Curve:
    return Curve(np.array(content), np.array(style))


def gray(values: np.ndarray) -> np.ndarray:
    return np.repeat(np.clip(values, 0, 255).round().astype(np.uint8)[..., None], 3, axis=2)


def test_a_curve_is_read_between_two_strengths():
    painted = curve([0.2, 0.4, 1.0], [0.9, 0.5, 0.2])
    assert painted.style_at(0.3) == pytest.approx(0.7)
    assert painted.style_at(0.7) == pytest.approx(0.35)
    assert painted.style_at(1.0) == pytest.approx(0.2)
    assert painted.style_at(0.1) is None  # nothing is extrapolated
    assert painted.style_at(1.1) is None


def test_curves_meet_at_the_full_strength_of_the_one_that_keeps_more():
    near, far = curve([0.2, 0.6], [0.8, 0.4]), curve([0.4, 1.0], [0.5, 0.2])
    for one, other in ((near, far), (far, near)):
        meeting = meet(one, other)
        assert meeting.content == pytest.approx(0.6)
    assert meet(far, near).ratio == pytest.approx(0.4 / 0.4)
    assert meet(near, curve([0.7, 1.0], [0.5, 0.2])) is None
    single = curve([0.5], [0.3])  # a peer without strengths
    assert meet(single, far).reference == pytest.approx(0.45)
    assert meet(curve([1.1], [0.3]), far) is None


@given(st.lists(st.floats(0.01, 1.0), min_size=2, max_size=6, unique=True), st.floats(0.5, 2.0))
def test_at_equal_content_a_model_of_twice_the_style_distance_has_that_ratio(content, factor):
    ordered = sorted(content)
    style = [1.0 / (1.0 + c) for c in ordered]
    found = meet(curve(ordered, [factor * s for s in style]), curve(ordered, style))
    assert found.ratio == pytest.approx(factor)


def test_the_interval_of_a_constant_shift_is_the_shift_and_that_of_noise_holds_the_truth():
    rng = np.random.default_rng(1)
    base = rng.normal(5.0, 2.0, 24)
    exact = interval(lambda weights: float((base + 0.3 - base) @ weights), 24)
    assert (exact.value, exact.low, exact.high) == pytest.approx((0.3, 0.3, 0.3))
    noisy = interval(lambda weights: float(base @ weights), 24)
    assert noisy.low < base.mean() < noisy.high
    assert noisy.high - noisy.low == pytest.approx(2 * 1.96 * base.std() / np.sqrt(24), rel=0.15)
    assert interval(lambda _: None, 24) is None
    rare = interval(lambda weights: 1.0 if weights[0] < 0.02 or weights.std() == 0 else None, 24)
    assert (rare.value, rare.low) == (1.0, None)
    assert interval(lambda _: 1.0, 4).low is None


def table(**painters: tuple[float, float]) -> list[Measured]:
    """Five photographs, two styles, two strengths: by name, a factor on content and one on style."""
    rows = []
    for style, easy in (("waves", 1.0), ("stars", 2.0)):
        for name, (content, distance) in painters.items():
            for strength in (0.5, 1.0):
                terms = [
                    {"content": content * strength * photo, "style": distance * easy * photo / strength}
                    for photo in (1.0, 1.25, 1.5, 1.75, 2.0)
                ]
                rows.append(
                    Measured(name, style, strength, {"vgg16": terms, "indices": [{"mesh": t["style"]} for t in terms]})
                )
    return rows


def test_a_painter_is_compared_with_the_reference_style_by_style_and_over_all():
    rows = compare(table(ours=(1.0, 0.8), theirs=(1.0, 1.0)), Pair("vgg16", "vgg16"), "ours", "theirs")
    assert [row["style"] for row in rows] == ["waves", "stars", ALL]
    assert all(row["ratio"] == 0.8 and row["interval"] == [0.8, 0.8] for row in rows)
    assert rows[0]["content"] == 1.5
    apart = compare(table(ours=(4.0, 1.0), theirs=(1.0, 1.0)), Pair("vgg16", "vgg16"), "ours", "theirs")
    assert [row["ratio"] for row in apart] == [None, None]
    assert apart[0]["reach"] == [[3.0, 6.0], [0.75, 1.5]]
    assert difference(table(ours=(1, 0.5), theirs=(1, 1)), "indices", "mesh", "ours", "theirs").value == (
        pytest.approx(-0.5 * 1.5 * 1.5)
    )
    assert difference(table(ours=(1, 1)), "indices", "mesh", "ours", "theirs") is None


def test_edges_stand_beside_each_judge_that_did_not_train():
    assert [pair.name for pair in pairs(["vgg16", "squeezenet", "hed", "indices"])] == [
        "vgg16", "squeezenet", "hed/squeezenet",
    ]  # fmt: skip


def test_mesh_sees_a_lattice_of_period_four_and_no_other():
    y, x = np.mgrid[:192, :192]
    noise = np.random.default_rng(0).normal(128.0, 20.0, (192, 192))
    assert 0.5 < mesh(noise) < 2.0
    lattice = 5.0 * ((x % 4 == 0) & (y % 4 == 0)) * 4
    assert mesh(noise + lattice) > 10.0
    assert mesh(noise + 10.0 * ((x + y) % 4 == 0)) > 10.0  # diagonal
    assert mesh(noise + 10.0 * (x % 5 == 0)) < 2.0
    assert mesh(np.full((64, 64), 7.0)) == pytest.approx(1.0)


def test_rank_correlation_shares_ranks_of_ties():
    assert rank_correlation(np.array([1.0, 2, 3]), np.array([10.0, 20, 90])) == pytest.approx(1.0)
    assert rank_correlation(np.array([1.0, 2, 3]), np.array([3.0, 2, 1])) == pytest.approx(-1.0)
    assert rank_correlation(np.array([1.0, 1, 2]), np.array([5.0, 5, 9])) == pytest.approx(1.0)
    assert rank_correlation(np.array([1.0, 2]), np.array([4.0, 4])) == 0.0


def test_a_night_that_becomes_day_and_a_wall_that_is_painted_are_seen():
    rows = np.linspace(10, 60, 128)[:, None].repeat(128, 1)
    night = gray(rows)
    scene = Scene(night, "night", "night")
    kept, day = Indices().terms(scene, night, ""), Indices().terms(scene, gray(255 - rows), "")
    assert kept["bright field"] == pytest.approx(1.0)
    assert kept["dark"] == pytest.approx(0.0)
    assert day["bright field"] == pytest.approx(-1.0)
    assert day["dark"] > 150
    wall = Scene(gray(np.full((64, 64), 90.0)), "wall", "plain")
    restless = gray(90 + np.random.default_rng(0).normal(0, 12, (64, 64)))
    assert Indices().terms(wall, restless, "")["unrest"] == pytest.approx(12.0, rel=0.1)
    assert "dark" not in Indices().terms(wall, restless, "")
    texture = Scene(checkered(64, 64), "texture", "ordinary")
    assert "unrest" not in Indices().terms(texture, restless, "")


def test_who_changes_nothing_gains_no_noise_and_who_stretches_does():
    assert probe(lambda pixels: pixels, 64) == pytest.approx({"noise gain": 1.0, "ramp gain": 1.0, "flat": 0.0})
    stretch = probe(lambda pixels: gray((luminance(pixels) - 60.0) * 2.0 + 60.0), 64)
    assert stretch["noise gain"] == pytest.approx(2.0, rel=0.05)
    assert noisy_wall(64).std() == pytest.approx(6.0, rel=0.1)
    assert np.ptp(flat(64)) == 0


def test_edges_are_apart_as_far_as_they_share_nothing():
    drawing = torch.zeros(1, 1, 4, 4)
    drawing[..., 1, :] = 1.0
    assert edge_distance(drawing, drawing) == 0.0
    assert edge_distance(drawing.roll(1, 2), drawing) == 1.0
    assert edge_distance(torch.zeros(4), torch.zeros(4)) == 0.0


def test_boxes_overlap_by_intersection_over_union():
    boxes = np.array([[0.0, 0, 10, 10], [5, 0, 15, 10], [20, 20, 25, 25]])
    assert overlap(boxes[0], boxes) == pytest.approx([1.0, 1 / 3, 0.0])


def test_a_face_is_found_once_where_the_detector_is_surest():
    heat = np.zeros((1, 20, 20), np.float32)
    heat[0, 5, 5], heat[0, 5, 6], heat[0, 15, 15] = 0.9, 0.8, 0.4
    scale = np.full((2, 20, 20), np.log(10.0), np.float32)
    boxes, scores = decode(heat, scale, np.zeros((2, 20, 20), np.float32))
    assert strongest(boxes, scores) == pytest.approx(np.array([[2.0, 2.0, 42.0, 42.0]]))


def test_a_set_is_read_evenly_and_a_changed_photograph_is_refused(photos, tmp_path):
    files = sorted(photos.glob("*.jpg"))
    listed = tmp_path / "own.tsv"
    listed.write_text("# file\n" + "".join(f"{f.name}\t{file_sha256(f)}\tnight\n" for f in files))
    found = read_set(listed, [photos])
    assert [photo.path for photo in found] == files
    assert {photo.kind for photo in found} == {"night"}
    assert [photo.path for photo in read_set(listed, [photos], 2)] == [files[0], files[len(files) // 2]]
    with pytest.raises(TrainingError, match="in none of the folders"):
        read_set(listed, [tmp_path])
    listed.write_text(f"{files[0].name}\t{'0' * 64}\tnight\n")
    with pytest.raises(TrainingError, match="SHA-256"):
        read_set(listed, [photos])
    listed.write_text("no tabs")
    with pytest.raises(TrainingError, match="not a list"):
        read_set(listed, [photos])


@pytest.mark.parametrize(("name", "count", "kinds"), [("ordinary", 24, 1), ("hard", 16, 4)])
def test_the_committed_sets_are_whole(name, count, kinds):
    rows = [line.split("\t") for line in find_set(name).read_text().splitlines()[1:]]
    assert len({row[0] for row in rows}) == len({row[1] for row in rows}) == count
    assert len({row[2] for row in rows}) == kinds
    assert all(len(row[1]) == 64 for row in rows)


def test_a_sheet_shows_the_middle_pixel_for_pixel():
    picture = checkered(40, 30)
    assert crop(picture, 10).shape == (10, 10, 3)
    assert np.array_equal(crop(picture, 100), picture)
    sheet = np.asarray(draw([Row([("photograph", picture), ("painting", 255 - picture)])], 10))
    assert np.array_equal(sheet[LABEL : LABEL + 10, :10], crop(picture, 10))


def test_a_painter_is_remembered_by_its_fingerprint_and_not_by_its_name():
    scene = Scene(checkered(32, 32), "digest", "ordinary")
    one, same, other = (
        Painter(name, "waves", lambda pixels: pixels, fingerprint=print_)
        for name, print_ in (("old", "a"), ("new", "a"), ("new", "b"))
    )
    assert describe(one, scene, {}) == describe(same, scene, {}) != describe(other, scene, {})
