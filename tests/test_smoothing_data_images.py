"""Folders of images, and how images are decoded: what is written reads back, what is broken is refused by name."""

import io
import os

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")
pa = pytest.importorskip("pyarrow")
Image = pytest.importorskip("PIL.Image")

from image_files import PETS, encode, pictures, write_tree  # noqa: E402

from rstheory.smoothing.data import load  # noqa: E402
from rstheory.smoothing.data.decode import decode  # noqa: E402

# --- folders of images ---


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(
    counts=st.dictionaries(st.sampled_from(["ant", "Bee", "cow", "dog 2", "éléphant"]), st.integers(1, 3), min_size=1),
    form=st.sampled_from(["png", "bmp", "PNG"]),
    split=st.sampled_from(["test", "train", ""]),
    seed=st.integers(0, 2**32),
)
def test_a_tree_reads_back_exactly_and_sorted(tmp_path_factory, counts, form, split, seed):
    root = tmp_path_factory.mktemp("zoo")
    images = {name: pictures(n, 3, 4, seed + i) for i, (name, n) in enumerate(counts.items())}
    write_tree(root, split, images, form)
    data = load(root, split or "test")
    assert data.classes == tuple(sorted(counts))
    assert data.name == f"{root.name} {split or 'test'}"
    np.testing.assert_array_equal(data.images, np.concatenate([images[name] for name in data.classes]))
    assert data.labels.tolist() == [i for i, name in enumerate(data.classes) for _ in range(counts[name])]


def test_jpeg_trees_say_so(tmp_path):
    for form in ("jpg", "jpeg", "webp"):
        write_tree(tmp_path / form, "test", {"cat": pictures(2)}, form)
    names = [load(tmp_path / form).name for form in ("jpg", "jpeg", "webp")]
    assert names == ["jpg (JPEG) test", "jpeg (JPEG) test", "webp (WEBP) test"]


def test_a_class_keeps_its_number_in_a_split_without_some_classes(tmp_path):
    write_tree(tmp_path, "train", {name: pictures(1) for name in PETS})
    write_tree(tmp_path, "test", {"fox": pictures(2)})
    assert load(tmp_path).classes == load(tmp_path, "train").classes == PETS
    assert load(tmp_path).labels.tolist() == [2, 2]


def test_other_files_and_folders_are_passed_over(tmp_path):
    write_tree(tmp_path, "test", {"cat": pictures(1), "dog": pictures(1)})
    (tmp_path / "test" / "empty").mkdir()
    (tmp_path / "notes").mkdir()
    for name in ("LICENSE", "test/notes.txt", "test/cat/Thumbs.db", "test/cat/.hidden.png", "test/cat/._000.png"):
        (tmp_path / name).write_bytes(b"no image")
    (tmp_path / "test" / "cat" / "folder.png").mkdir()
    assert load(tmp_path).classes == ("cat", "dog")
    assert len(load(tmp_path)) == 2


def test_splits_of_a_tree(tmp_path):
    write_tree(tmp_path / "split", "train", {"cat": pictures(1)})
    with pytest.raises(ValueError, match="split: split='test' is not there: it has train"):
        load(tmp_path / "split")
    write_tree(tmp_path / "whole", "", {"cat": pictures(1)})
    with pytest.raises(ValueError, match="whole: split='train' is not there: it has test"):
        load(tmp_path / "whole", "train")


def test_a_folder_of_samples_beside_the_splits_is_no_class(tmp_path):
    write_tree(tmp_path, "test", {"cat": pictures(1)})
    write_tree(tmp_path, "", {"samples": pictures(1)})
    assert load(tmp_path).classes == ("cat",)


def test_unequal_sizes_are_refused_by_file(tmp_path):
    write_tree(tmp_path, "test", {"cat": pictures(2), "dog": pictures(1, 4, 6)})
    with pytest.raises(ValueError, match=r"dog/000\.png: it has 6x4 pixels, and .*cat/000\.png 5x4.*resize them first"):
        load(tmp_path)


@pytest.mark.parametrize("form", ["png", "jpg", "bmp", "webp"])
def test_an_image_cut_anywhere_is_refused_by_file_or_still_whole(tmp_path, form):
    """The last bytes of some formats carry no pixels; nothing but ValueError may come of the others."""
    write_tree(tmp_path, "test", {"cat": pictures(2, 8, 8)}, form)
    path = tmp_path / "test" / "cat" / f"001.{form}"
    whole, image = path.read_bytes(), load(tmp_path).images[1]
    for end in range(len(whole)):
        path.write_bytes(whole[:end])
        try:
            assert torch.equal(load(tmp_path).images[1], image)
            assert end > len(whole) - 24
        except ValueError as error:
            assert f"001.{form}: " in str(error)  # noqa: PT017  # either outcome is right


# --- decoding ---


def test_grey_palette_and_cmyk_become_rgb_beside_colour():
    """Grey and palette images say the same in RGB; CMYK is converted as Pillow does."""
    grey = np.arange(20, dtype=np.uint8).reshape(4, 5)
    forms = {"L": "PNG", "P": "PNG", "1": "PNG", "CMYK": "JPEG"}
    colour = ("colour", encode(pictures(1)[0]))
    for mode, form in forms.items():
        content = encode(grey, form, mode)
        decoded, _ = decode([colour, ("x", content)])
        expected = np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).transpose(2, 0, 1)
        np.testing.assert_array_equal(decoded[1], expected)
    np.testing.assert_array_equal(decode([colour, ("x", encode(grey, "PNG", "L"))])[0][1], np.stack([grey] * 3))


@settings(max_examples=20)
@given(
    n=st.integers(1, 3),
    height=st.integers(1, 6),
    width=st.integers(1, 6),
    seed=st.integers(0, 2**32),
    form=st.sampled_from(["PNG", "BMP"]),
)
def test_images_stay_grey_where_all_are(n, height, width, seed, form):
    grey = pictures(n, height, width, seed)[:, 0]
    encoded = [(str(i), encode(image, form, "L")) for i, image in enumerate(grey)]
    np.testing.assert_array_equal(decode(encoded)[0], grey[:, None])
    np.testing.assert_array_equal(decode([*encoded, ("c", encode(pictures(1, height, width)[0]))])[0][:-1, 2], grey)


@pytest.mark.parametrize(("mode", "options"), [("RGBA", {}), ("LA", {}), ("I;16", {}), ("P", {"transparency": 0})])
def test_what_rgb_cannot_hold_is_refused(mode, options):
    out = io.BytesIO()
    Image.new(mode, (4, 4)).save(out, "PNG", **options)
    with pytest.raises(ValueError, match=rf"^x: its pixels are {mode}.*: convert it to 8-bit RGB"):
        decode([("x", out.getvalue())])


def test_formats_with_powerful_readers_are_not_tried():
    """PostScript, for one, would start another program."""
    with pytest.raises(ValueError, match=r"^x: it is no image that can be read"):
        decode([("x", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 4 4\n%%EndComments\n")])


def test_large_images_go_through_several_threads_and_stay_in_order(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    monkeypatch.setattr("rstheory.smoothing.data.decode._CHUNK", 2)
    images = pictures(9, 130, 128)
    decoded, formats = decode([(str(i), encode(image)) for i, image in enumerate(images)])
    np.testing.assert_array_equal(decoded, images)
    assert formats == {"PNG"}
    bad = [("fine", encode(images[0]))] * 5 + [("bad", b"x"), ("worse", b"y")]
    with pytest.raises(ValueError, match=r"^bad: "):
        decode(bad)
