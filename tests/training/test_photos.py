"""Photographs to train on: what is found, what is skipped, and that a crop depends on its number alone."""

import numpy as np
import pytest
import torch
from PIL import Image

from allaprima.errors import TrainingError
from allaprima.training.photos import (
    PhotoFolder,
    RandomCrops,
    batches,
    bundled_photos,
    find_photos,
    read_photo,
    resized,
)
from support import checkered


def test_any_mix_of_files(tmp_path):
    Image.fromarray(checkered(80, 90)).save(tmp_path / "good.jpg")
    (tmp_path / "deep").mkdir()
    Image.fromarray(checkered(80, 90)).save(tmp_path / "deep" / "also.webp")
    Image.fromarray(checkered(20, 90)).save(tmp_path / "tiny.png")
    (tmp_path / "broken.jpg").write_bytes(b"nothing")
    (tmp_path / "notes.txt").write_text("not a picture")
    found = find_photos(tmp_path, smallest=32)
    assert [p.name for p in found.paths] == ["also.webp", "good.jpg"]
    assert {p.name: why.split(" (")[0] for p, why in found.skipped.items()} == {
        "tiny.png": "its short side has 20 pixels, fewer than 32",
        "broken.jpg": "it is not a picture of a known format",
    }


def test_hidden_files_and_links_to_themselves_are_left_out(tmp_path):
    Image.fromarray(checkered(80, 90)).save(tmp_path / "good.jpg")
    for name in (".hidden.jpg", "._good.jpg"):
        (tmp_path / name).write_bytes((tmp_path / "good.jpg").read_bytes())
    (tmp_path / "loop.jpg").symlink_to(tmp_path / "loop.jpg")
    (tmp_path / "up").symlink_to(tmp_path)
    found = find_photos(tmp_path, smallest=32)
    assert found == PhotoFolder((tmp_path / "good.jpg",))


def test_photographs_are_read_as_by_every_other_verb(tmp_path):
    """16 bits, which Pillow's own conversion to RGB makes white, and HEIC."""
    sixteen = np.linspace(0, 65535, 64 * 64).astype(np.uint16).reshape(64, 64)
    Image.fromarray(sixteen).save(tmp_path / "sixteen.png")
    heif = pytest.importorskip("pillow_heif")
    heif.from_pillow(Image.fromarray(checkered(80, 64))).save(tmp_path / "phone.heic")
    found = find_photos(tmp_path, smallest=32)
    assert [path.name for path in found.paths] == ["phone.heic", "sixteen.png"]
    phone, gray = (np.asarray(read_photo(path), int) for path in found.paths)
    assert abs(phone - checkered(80, 64)).mean() < 8
    assert abs(gray - (sixteen / 257.0)[..., None]).max() <= 1


@pytest.mark.parametrize("side", [20, 60, 64])
def test_a_large_jpeg_is_decoded_small_and_looks_the_same(tmp_path, side):
    Image.fromarray(checkered(480, 320)).save(tmp_path / "large.jpg", quality=95)
    drafted, whole = read_photo(tmp_path / "large.jpg", side), resized(read_photo(tmp_path / "large.jpg"), side)
    assert drafted.size == whole.size
    assert np.abs(np.asarray(drafted, int) - np.asarray(whole, int)).mean() < 3


def test_folders_without_photographs(tmp_path):
    with pytest.raises(TrainingError, match="there is no folder"):
        find_photos(tmp_path / "missing", 32)
    with pytest.raises(TrainingError, match="holds no photograph"):
        find_photos(tmp_path, 32)
    (tmp_path / "broken.jpg").write_bytes(b"nothing")
    with pytest.raises(TrainingError, match="1 were skipped"):
        find_photos(tmp_path, 32)


def test_a_crop_depends_on_its_number_alone(photos):
    paths = find_photos(photos, 32).paths
    one, two = RandomCrops(paths, 64, seed=3), RandomCrops(paths, 64, seed=3)
    for index in (5, 0, 13):
        assert torch.equal(one[index][0], two[index][0])
    assert not torch.equal(one[0][0], one[6][0])  # another epoch, another crop
    assert not torch.equal(one[0][0], RandomCrops(paths, 64, seed=4)[0][0])


def test_workers_and_a_later_start_change_nothing(photos):
    crops = RandomCrops(find_photos(photos, 32).paths, 64, seed=0)
    alone = [batch for batch, _ in batches(crops, 2, 0, 4, workers=0)]
    workers = [batch for batch, _ in batches(crops, 2, 0, 4, workers=2)]
    late = [batch for batch, _ in batches(crops, 2, 2, 4, workers=1)]
    assert all(torch.equal(a, b) for a, b in zip(alone, workers, strict=True))
    assert all(torch.equal(a, b) for a, b in zip(alone[2:], late, strict=True))
    assert alone[0].shape == (2, 3, 64, 64)


def test_an_epoch_shows_every_photograph_once(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (70, 70, 3), np.uint8)
    for shade in range(5):
        pixels[..., 0] = 50 * shade
        Image.fromarray(pixels).save(tmp_path / f"{shade}.png")
    crops = RandomCrops(find_photos(tmp_path, 32).paths, 64, seed=0)
    for epoch in range(2):
        shades = sorted(int(crops[5 * epoch + i][0][0, 0, 0]) for i in range(5))
        assert shades == [0, 50, 100, 150, 200]


def test_a_file_that_breaks_later_is_replaced_and_named(tmp_path):
    for shade in (10, 20):
        Image.new("RGB", (70, 70), (shade, 0, 0)).save(tmp_path / f"{shade}.png")
    data = (tmp_path / "20.png").read_bytes()
    (tmp_path / "30.png").write_bytes(data[:60])  # the header is whole
    crops = RandomCrops(find_photos(tmp_path, 32).paths, 64, seed=0)
    assert len(crops.paths) == 3
    failed = {path.name for index in range(3) for path in crops[index][1]}
    assert failed == {"30.png"}


def test_a_crop_of_one_color_gives_way_to_one_in_which_there_is_something(tmp_path):
    for red in (10, 250):
        Image.new("RGB", (70, 70), (red, 128, 0)).save(tmp_path / f"{red}.png")
    plain = RandomCrops(find_photos(tmp_path, 32).paths, 64, seed=0)
    assert plain[0][0].float().std((1, 2)).max() == 0  # where there is nothing else
    noise = np.random.default_rng(0).integers(0, 255, (70, 70, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    crops = RandomCrops(find_photos(tmp_path, 32).paths, 64, seed=0)
    assert all(crops[index][0].float().std() > 10 for index in range(6))
    assert not any(crops[index][1] for index in range(6))


@pytest.mark.parametrize("workers", [0, 1])
def test_a_folder_of_nothing_but_cut_files_is_one_sentence(tmp_path, workers):
    Image.new("RGB", (70, 70)).save(tmp_path / "a.png")
    (tmp_path / "a.png").write_bytes((tmp_path / "a.png").read_bytes()[:60])
    crops = RandomCrops(find_photos(tmp_path, 32).paths, 64, seed=0)
    with pytest.raises(TrainingError, match=r"^not one of the photographs can be decoded$"):
        list(batches(crops, 2, 0, 1, workers))


def test_read_photo_is_upright_and_resized(tmp_path):
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(checkered(80, 40)).save(tmp_path / "a.jpg", exif=exif)
    assert read_photo(tmp_path / "a.jpg").size == (40, 80)
    assert read_photo(tmp_path / "a.jpg", 60).size == (60, 120)


def test_every_photograph_of_the_package_has_a_source_and_a_licence():
    folder = find_photos(bundled_photos(), smallest=250)
    rows = [line.split("|") for line in (bundled_photos() / "README.md").read_text().splitlines() if line[:1] == "|"]
    listed = {name.strip(): row[3] for row in rows for name in row[1].split(",")}
    assert not folder.skipped
    assert {path.stem for path in folder.paths} == listed.keys() - {"file", "---"}
    assert all("CC0" in listed[path.stem] or "public domain" in listed[path.stem] for path in folder.paths)


def test_the_first_samples_may_be_smaller_pieces_at_the_same_scale(photos):
    paths = find_photos(photos, 32).paths
    usual, small = RandomCrops(paths, 64, seed=0), RandomCrops(paths, 64, seed=0, small=(2, 32))
    assert [small[i][0].shape[1] for i in range(4)] == [32, 32, 64, 64]
    assert torch.equal(small[2][0], usual[2][0])
    piece = np.asarray(small.crop(paths[0], np.random.default_rng(0), 32))
    whole = np.asarray(read_photo(paths[0], round(64 * np.random.default_rng(0).uniform(1.0, 2.0))))
    windows = np.lib.stride_tricks.sliding_window_view(whole, (32, 32), axis=(0, 1)).transpose(0, 1, 3, 4, 2)
    assert any((windows == p).all((2, 3, 4)).any() for p in (piece, piece[:, ::-1]))


def test_a_share_of_the_samples_is_darker_or_of_less_contrast(photos):
    paths = find_photos(photos, 32).paths
    plain, some, every = (RandomCrops(paths, 32, seed=0, darkened=share) for share in (0.0, 0.3, 1.0))
    changed = 0
    for i in range(60):
        before, perhaps, after = (crops[i][0].float() for crops in (plain, some, every))
        assert torch.equal(perhaps, before) or torch.equal(perhaps, after)
        changed += not torch.equal(perhaps, before)
        assert after.mean() < 1.15 * before.mean()  # a power below 1 lightens
        assert after.std() < 1.3 * before.std()
    assert 8 < changed < 30
