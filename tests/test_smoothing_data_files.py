"""Parquet files: what is written reads back exactly, what is broken is refused by name."""

import os
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")
pa = pytest.importorskip("pyarrow")
Image = pytest.importorskip("PIL.Image")

import pyarrow.parquet as pq  # noqa: E402
from image_files import IMAGE, PETS, encode, pictures, write_parquet  # noqa: E402

from rstheory._classes import CIFAR10 as CLASSES  # noqa: E402
from rstheory.smoothing.data import load  # noqa: E402

# --- Parquet ---


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(
    sizes=st.lists(st.integers(1, 4), min_size=1, max_size=3),
    height=st.integers(1, 9),
    width=st.integers(1, 9),
    seed=st.integers(0, 2**32),
    column=st.sampled_from(["img", "image"]),
)
def test_shards_read_back_exactly_and_in_order(tmp_path_factory, sizes, height, width, seed, column):
    folder = tmp_path_factory.mktemp("pets")
    images = pictures(sum(sizes), height, width, seed)
    labels = np.random.default_rng(seed).integers(0, 3, sum(sizes))
    ends = np.cumsum(sizes)
    for i, (end, size) in enumerate(zip(ends, sizes, strict=True)):
        part = slice(end - size, end)
        name = f"train-{i:05}-of-{len(sizes):05}.parquet"
        write_parquet(folder / name, map(encode, images[part]), labels[part], column=column)
    data = load(folder, "train")
    np.testing.assert_array_equal(data.images, images)
    np.testing.assert_array_equal(data.labels, labels)
    assert (data.classes, data.name) == (PETS, f"{folder.name} train")


@pytest.mark.parametrize(("form", "says"), [("PNG", ""), ("BMP", ""), ("JPEG", " (JPEG)"), ("WEBP", " (WEBP)")])
def test_the_name_tells_which_lossy_format_the_pixels_went_through(tmp_path, form, says):
    write_parquet(tmp_path / "cifar" / "test-0.parquet", [encode(pictures(1)[0], form)], [0], CLASSES)
    assert load(tmp_path / "cifar").name == f"CIFAR-10{says} test"
    write_parquet(tmp_path / "pets" / "test-0.parquet", [encode(pictures(1)[0], form)], [0])
    assert load(tmp_path / "pets").name == f"pets{says} test"


def test_mixed_formats_are_all_named(tmp_path):
    encoded = [encode(pictures(1)[0], form) for form in ("PNG", "WEBP", "JPEG")]
    write_parquet(tmp_path / "pets" / "test.parquet", encoded, [0, 1, 2])
    assert load(tmp_path / "pets").name == "pets (JPEG, WEBP) test"


@pytest.mark.parametrize(
    ("labels", "size", "classes"),
    [(range(10), 32, CLASSES), (range(10), 28, tuple("0123456789")), ([0, 3], 32, tuple("0123"))],
)
def test_classes_without_metadata(tmp_path, labels, size, classes):
    encoded = map(encode, pictures(len(labels), size, size))
    write_parquet(tmp_path / "test.parquet", encoded, list(labels), classes=None)
    assert load(tmp_path).classes == classes


@pytest.mark.parametrize("metadata", ['{"info": {"features": {"label": {"dtype": "int64"}}}}', "[]", "{}"])
def test_metadata_that_names_no_classes_is_as_good_as_none(tmp_path, metadata):
    path = write_parquet(tmp_path / "test.parquet", map(encode, pictures(2)), [0, 1], classes=None)
    pq.write_table(pq.read_table(path).replace_schema_metadata({"huggingface": metadata}), path)
    assert load(tmp_path).classes == ("0", "1")


@pytest.mark.parametrize("metadata", ["no json", b"\xff", '{"info": {"features": {"label": {"names": [1, 2]}}}}'])
def test_metadata_that_is_broken_is_refused(tmp_path, metadata):
    path = write_parquet(tmp_path / "test.parquet", map(encode, pictures(2)), [0, 1], classes=None)
    pq.write_table(pq.read_table(path).replace_schema_metadata({"huggingface": metadata}), path)
    with pytest.raises(ValueError, match=r"test\.parquet: its huggingface metadata"):
        load(tmp_path)


def test_the_split_stands_before_the_first_dash(tmp_path):
    for i, split in enumerate(("train", "test", "test_lossless")):
        write_parquet(tmp_path / f"{split}-00000-of-00001.parquet", map(encode, pictures(1, seed=i)), [i])
    (tmp_path / "README.md").write_text("about")
    (tmp_path / ".hidden-0.parquet").touch()
    assert load(tmp_path, "test_lossless").labels.tolist() == [2]
    assert load(tmp_path).labels.tolist() == [1]
    with pytest.raises(ValueError, match=r"split='val' is not there: it has test, test_lossless, train"):
        load(tmp_path, "val")


@pytest.mark.parametrize("tail", ["", "-0a1b2c"])  # older files carry a hash
def test_a_missing_shard_is_refused(tmp_path, tail):
    for i in (0, 2):
        write_parquet(tmp_path / f"test-{i:05}-of-00003{tail}.parquet", map(encode, pictures(1)), [0])
    with pytest.raises(ValueError, match=r"test-00001-of-00003\.parquet is missing"):
        load(tmp_path)
    write_parquet(tmp_path / f"test-00001-of-00003{tail}.parquet", map(encode, pictures(1)), [0])
    assert len(load(tmp_path)) == 3


def test_shards_that_name_other_classes_are_refused(tmp_path):
    for i, classes in enumerate((PETS, ("fox", "dog", "cat"))):
        write_parquet(tmp_path / f"test-{i:05}-of-00002.parquet", map(encode, pictures(1)), [0], classes)
    with pytest.raises(ValueError, match=r"test-00001-of-00002\.parquet: its metadata names the classes \('fox'"):
        load(tmp_path)


def image_column(*contents):
    return pa.array([content and {"bytes": content, "path": "x"} for content in contents], IMAGE)


GOOD = encode(pictures(1)[0])
BAD = {
    "negative label": (dict(label=pa.array([0, -1])), r"row 1: label=-1 is not allowed: there are 3 classes"),
    "label too large": (dict(label=pa.array([3, 0])), r"row 0: label=3 is not allowed: there are 3 classes"),
    "label missing": (dict(label=pa.array([0, None])), r"row 1: label is missing"),
    "labels in words": (dict(label=pa.array(["cat", "dog"])), r"label is string: it must be an integer"),
    "labels in fractions": (dict(label=pa.array([0.0, 1.0])), r"label is double: it must be an integer"),
    "labels beyond int64": (dict(label=pa.array([0, 2**64 - 1], pa.uint64())), r"18446744073709551615"),
    "no labels": (dict(label=None), r"it must have the columns img or image .* and it has img \(struct"),
    "no images": (dict(img=None), r"it must have the columns img or image"),
    "images in words": (dict(img=pa.array(["a", "b"])), r"it must have the columns img or image.*img \(string\)"),
    "images without bytes": (dict(img=pa.array([{"path": "a"}] * 2)), r"it must have the columns img or image"),
    "bytes missing": (dict(img=pa.array([{"bytes": GOOD}, {"bytes": None}], IMAGE)), r"row 1: img\.bytes is missing"),
    "image missing": (dict(img=image_column(None, GOOD)), r"row 0: img\.bytes is missing"),
    "image empty": (dict(img=pa.array([{"bytes": GOOD}, {"bytes": b""}], IMAGE)), r"row 1: it is no image"),
    "no image": (dict(img=image_column(GOOD, b"GIF89a")), r"row 1: it is no image that can be read \(PNG, JPEG,"),
    "image cut off": (dict(img=image_column(GOOD, GOOD[:60])), r"row 1: "),
    "unequal sizes": (
        dict(img=image_column(GOOD, encode(pictures(1, 5, 5)[0]))),
        r"row 1: it has 5x5 pixels, and .*row 0 5x4: all images must have one size; resize them first",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_no_image_set_is_refused_by_file_and_row(tmp_path, what):
    changes, message = BAD[what]
    write_parquet(tmp_path / "test-0.parquet", [GOOD, GOOD], [0, 1], **changes)
    with pytest.raises(ValueError, match=rf"test-0\.parquet.*{message}") as caught:
        load(tmp_path)
    assert " at 0x" not in str(caught.value)


def test_a_file_without_rows_is_refused(tmp_path):
    write_parquet(tmp_path / "test.parquet", [], [])
    with pytest.raises(ValueError, match=r"test\.parquet: there is no row"):
        load(tmp_path)


def test_a_parquet_file_cut_anywhere_is_refused_by_name(tmp_path):
    path = write_parquet(tmp_path / "test.parquet", map(encode, pictures(2)), [0, 1])
    whole = path.read_bytes()
    for end in range(0, len(whole), 7):
        path.write_bytes(whole[:end])
        with pytest.raises(ValueError, match=r"test\.parquet: "):
            load(tmp_path)


@pytest.mark.parametrize(("package", "name"), [("pyarrow", "pyarrow"), ("PIL", "pillow")])
def test_without_a_package_it_says_how_to_get_it(tmp_path, monkeypatch, package, name):
    write_parquet(tmp_path / "test.parquet", map(encode, pictures(2)), [0, 1])
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=rf"needs {name}: pip install 'rstheory\[torch\]'"):
        load(tmp_path)


# --- real data ---

CIFAR10 = os.environ.get("RSTHEORY_CIFAR10")
needs_cifar10 = pytest.mark.skipif(
    CIFAR10 is None, reason="RSTHEORY_CIFAR10 does not name a folder of CIFAR-10 Parquet files"
)


@pytest.fixture(scope="module")
def test_set():
    return load(CIFAR10)


@needs_cifar10
def test_the_cifar10_test_set(test_set):
    assert (len(test_set), test_set.shape, test_set.name) == (10_000, (3, 32, 32), "CIFAR-10 (JPEG) test")
    assert test_set.classes == CLASSES
    assert test_set.labels.bincount().tolist() == [1000] * 10
    assert test_set.labels[:10].tolist() == [3, 8, 8, 0, 6, 6, 1, 6, 3, 1]  # cat, ship, ship, plane, frog, ...
    assert len(test_set.every(20)) == 500


@needs_cifar10
def test_the_lossless_images_are_the_published_ones_and_jpeg_is_close(test_set):
    lossless = load(CIFAR10, "test_lossless")
    n = len(lossless)
    assert (n, lossless.name) == (1017, "CIFAR-10 test_lossless")
    assert torch.equal(lossless.labels, test_set.labels[:n])
    # Its pixels need no decoder that could differ between machines.
    assert lossless.digest == "b807f7d214f5d898217d01ae934dd86d13ccbfc09038f3758349edb4db8346a7"
    error = (lossless.images.double() - test_set.images[:n].double()).square().mean().sqrt()
    assert 7 < error < 8.5  # in units of 1/255


@needs_cifar10
def test_a_data_set_read_twice_has_one_digest(test_set):
    assert load(CIFAR10).digest == test_set.digest
