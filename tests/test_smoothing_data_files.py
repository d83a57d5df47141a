"""Parquet files and folders of images: what is written reads back exactly, what is broken is refused by name."""

import io
import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")
pa = pytest.importorskip("pyarrow")
Image = pytest.importorskip("PIL.Image")

import pyarrow.parquet as pq  # noqa: E402

from rstheory._classes import CIFAR10 as CLASSES  # noqa: E402
from rstheory.smoothing.data import load  # noqa: E402
from rstheory.smoothing.data.decode import decode  # noqa: E402

PETS = ("cat", "dog", "fox")


def pictures(n, height=4, width=5, seed=0):
    """uint8 of shape (n, 3, height, width)."""
    return np.random.default_rng(seed).integers(0, 256, (n, 3, height, width), np.uint8)


def encode(picture, form="PNG", mode="RGB", **options) -> bytes:
    out = io.BytesIO()
    array = picture.transpose(1, 2, 0) if picture.ndim == 3 else picture
    image = Image.fromarray(array)
    (image if image.mode == mode else image.convert(mode)).save(out, form, **options)
    return out.getvalue()


def write_parquet(path, encoded, labels, classes=PETS, column="img", **changes) -> Path:
    """One file in the Hugging Face schema; `changes` replace its columns."""
    image = pa.array([{"bytes": content, "path": f"{i}.png"} for i, content in enumerate(encoded)], IMAGE)
    columns = {column: image, "label": pa.array(labels, pa.int64())} | changes
    table = pa.table({name: values for name, values in columns.items() if values is not None})
    if classes is not None:
        features = {column: {"_type": "Image"}, "label": {"names": classes, "_type": "ClassLabel"}}
        table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path)
    return path


IMAGE = pa.struct({"bytes": pa.binary(), "path": pa.string()})


def write_tree(root, split, pictures_by_class, form="png"):
    for name, images in pictures_by_class.items():
        folder = root / split / name
        folder.mkdir(parents=True)
        for i, picture in enumerate(images):
            (folder / f"{i:03}.{form}").write_bytes(encode(picture, "JPEG" if form.startswith("jp") else form.upper()))


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
