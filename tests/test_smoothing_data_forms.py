"""Data in other people's forms: numbered class folders, hub data sets, CIFAR-100, grey images."""

import json
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")
pa = pytest.importorskip("pyarrow")
Image = pytest.importorskip("PIL.Image")

import pyarrow.parquet as pq  # noqa: E402
from image_files import IMAGE, encode, pictures, write_parquet, write_tree  # noqa: E402
from test_smoothing_data_cifar import archive_of, md5, python2_pickle  # noqa: E402

from rstheory.smoothing.data import cifar, load  # noqa: E402
from rstheory.smoothing.data.folder import numbered  # noqa: E402

# --- class folders ---


@given(st.integers(1, 300), st.sampled_from([1, 3, 6]), st.randoms())
def test_folders_that_are_numbers_have_these_labels(count, width, random):
    names = [str(i).zfill(width) for i in range(count)]
    random.shuffle(names)
    classes, doubt = numbered(names)
    assert [int(name) for name in classes] == list(range(count))
    assert (doubt is None) == (sorted(names) == list(classes))


@given(st.sets(st.integers(0, 99), min_size=1, max_size=30))
def test_numbers_with_gaps_keep_their_labels_and_are_doubtful(numbers):
    classes, doubt = numbered(map(str, numbers))
    one_based = numbers == set(range(1, len(numbers) + 1))
    for number in numbers:
        assert classes[number - one_based] == str(number)
    if numbers != set(range(len(numbers))):
        assert doubt
        assert ("folder 1 is taken for label 0" in doubt) == one_based


@given(st.sets(st.text(min_size=1, max_size=6), min_size=1, max_size=8))
def test_other_names_are_sorted_as_text(names):
    classes, _ = numbered(names)
    if not all(name.isascii() and name.isdigit() for name in names) or len(set(map(int, names))) < len(names):
        assert list(classes) == sorted(names)


@pytest.mark.parametrize(
    ("names", "doubt"),
    [
        (["ant", "Bee", "cow"], None),
        (["n01440764", "n01443537"], None),
        (["class1", "class2"], None),
        (["class1", "class2", "class10"], "class10 before class2"),
        (["0", "1", "10", "2", "other"], "10 before 2"),
        (["1", "01", "10", "9"], "10 before 9"),
        (["-1", "0", "1"], None),
        (["1", "200000"], None),
        (["200000", "9"], "200000 before 9"),
        (["1", "2", "3"], "folder 1 is taken for label 0"),
        (["0", "2"], "no class folder 1"),
        (list(map(str, range(12))), "ImageFolder"),
        (["00", "01", "02"], None),
    ],
)
def test_ambiguous_orders_are_said(names, doubt):
    _, said = numbered(names)
    assert said is None if doubt is None else doubt in said


def test_a_tree_of_numbered_folders(tmp_path):
    """Labels are the folders' numbers, and images come in the order of labels."""
    images = pictures(12)
    for i in range(12):
        write_tree(tmp_path, "test", {str(i): images[i : i + 1]})
    with pytest.warns(UserWarning, match=r"class folders are numbers, and labels are these numbers; torchvision"):
        data = load(tmp_path)
    assert data.labels.tolist() == list(range(12))
    assert data.classes == tuple(map(str, range(12)))
    np.testing.assert_array_equal(data.images, images)


def test_folders_of_all_splits_count(tmp_path):
    write_tree(tmp_path, "train", {str(i): pictures(1) for i in range(3)})
    write_tree(tmp_path, "test", {"2": pictures(1)})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert load(tmp_path).labels.tolist() == [2]


# --- data sets of the hub ---


def write_fine_and_coarse(path, names=None):
    columns = {"fine_label": pa.array([0, 1, 2, 3]), "coarse_label": pa.array([0, 0, 1, 1]), "label": None}
    path = write_parquet(path, map(encode, pictures(4)), [0] * 4, classes=None, **columns)
    if names:
        features = {name: {"names": told, "_type": "ClassLabel"} for name, told in names.items()}
        table = pq.read_table(path)
        metadata = {"huggingface": json.dumps({"info": {"features": features}})}
        pq.write_table(table.replace_schema_metadata(metadata), path)
    return path


NAMES = {"fine_label": ["ant", "bee", "cat", "dog"], "coarse_label": ["insect", "mammal"]}


def test_labels_of_several_kinds(tmp_path):
    write_fine_and_coarse(tmp_path / "pets" / "test.parquet", NAMES)
    for label, labels, classes in (
        (None, [0, 1, 2, 3], NAMES["fine_label"]),
        ("fine_label", [0, 1, 2, 3], NAMES["fine_label"]),
        ("coarse_label", [0, 0, 1, 1], NAMES["coarse_label"]),
    ):
        data = load(tmp_path / "pets", label=label)
        assert (data.labels.tolist(), data.classes) == (labels, tuple(classes))
        assert data.name == ("pets test" if label is None else f"pets {label} test")


def test_without_names_the_labels_themselves_are_the_classes(tmp_path):
    write_fine_and_coarse(tmp_path / "test.parquet")
    assert load(tmp_path).classes == ("0", "1", "2", "3")
    assert load(tmp_path, label="coarse_label").classes == ("0", "1")


def test_labels_that_are_not_there_are_refused_with_those_that_are(tmp_path):
    write_fine_and_coarse(tmp_path / "test.parquet")
    with pytest.raises(
        ValueError, match=r"label='labels' is not there: columns of integers are fine_label, coarse_label"
    ):
        load(tmp_path, label="labels")
    with pytest.raises(ValueError, match="img is struct"):
        load(tmp_path, label="img")
    write_parquet(tmp_path / "test.parquet", map(encode, pictures(2)), [0, 1], label=None, digit=pa.array([3, 4]))
    with pytest.raises(ValueError, match="if the labels are in one of digit, name it by --label"):
        load(tmp_path)
    assert load(tmp_path, label="digit").labels.tolist() == [3, 4]
    write_tree(tmp_path / "tree", "test", {"cat": pictures(1)})
    for source in (tmp_path / "tree", "digits"):
        with pytest.raises(ValueError, match="label='fine_label' is not there"):
            load(source, label="fine_label")


def test_label_is_taken_before_fine_label(tmp_path):
    write_parquet(tmp_path / "test.parquet", map(encode, pictures(2)), [1, 0], fine_label=pa.array([0, 1]))
    assert load(tmp_path).labels.tolist() == [1, 0]


def test_the_only_column_of_images_may_have_any_name(tmp_path):
    write_parquet(tmp_path / "test.parquet", map(encode, pictures(2)), [1, 0], column="picture")
    assert load(tmp_path).labels.tolist() == [1, 0]


@pytest.mark.parametrize(
    "place",
    [
        "data/{split}-00000-of-00001.parquet",
        "plain_text/{split}-00000-of-00001.parquet",
        "snapshots/0a1b2c/plain_text/{split}-00000-of-00001-0a1b2c.parquet",
        "default/{split}/0000.parquet",
        "refs/convert/parquet/default/{split}/0000.parquet",
    ],
)
def test_folders_of_hub_data_sets(tmp_path, place):
    for i, split in enumerate(("train", "test")):
        write_parquet(tmp_path / "pets" / place.format(split=split), map(encode, pictures(2, seed=i)), [i, 2])
    (tmp_path / "pets" / ".cache").mkdir()
    (tmp_path / "pets" / "README.md").write_text("about")
    for i, split in enumerate(("train", "test")):
        data = load(tmp_path / "pets", split)
        assert (data.labels.tolist(), data.name) == ([i, 2], f"pets {split}")
        np.testing.assert_array_equal(data.images, pictures(2, seed=i))
    with pytest.raises(ValueError, match="split='val' is not there: it has test, train"):
        load(tmp_path / "pets", "val")


def test_several_data_sets_below_a_folder_are_refused_by_name(tmp_path):
    for config in ("cifar10", "cifar100"):
        write_parquet(tmp_path / config / "test.parquet", map(encode, pictures(1)), [0])
    with pytest.raises(ValueError, match="it holds 2 data sets, in cifar10, cifar100: name one of these folders"):
        load(tmp_path)
    assert len(load(tmp_path / "cifar100")) == 1


@pytest.mark.parametrize("rows", [[3], [2, 1]])
def test_what_save_to_disk_writes(tmp_path, rows):
    """Arrow streams in shards, one folder for each split."""
    images, labels = pictures(3), [2, 0, 1]
    (tmp_path / "dataset_dict.json").write_text('{"splits": ["test"]}')
    (tmp_path / "test").mkdir()
    start = 0
    for i, count in enumerate(rows):
        part = slice(start, start := start + count)
        column = pa.array([{"bytes": encode(image), "path": "x"} for image in images[part]], IMAGE)
        table = pa.table({"img": column, "label": pa.array(labels[part])})
        path = tmp_path / "test" / f"data-{i:05}-of-{len(rows):05}.arrow"
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, table.schema) as stream:
            stream.write_table(table, max_chunksize=1)
    data = load(tmp_path)
    np.testing.assert_array_equal(data.images, images)
    assert data.labels.tolist() == labels
    whole = path.read_bytes()
    for end in range(0, len(whole) - 8, 31):  # the last eight bytes say that it ends
        path.write_bytes(whole[:end])
        with pytest.raises(ValueError, match=r"\.arrow"):
            load(tmp_path)


def test_a_missing_arrow_shard_is_refused(tmp_path):
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "data-00001-of-00002.arrow").touch()
    with pytest.raises(ValueError, match=r"data-00000-of-00002\.arrow is missing"):
        load(tmp_path)


# --- CIFAR-100 ---


@pytest.fixture
def cifar100(tmp_path, monkeypatch):
    """The folder and the archive of a CIFAR-100 of few images, whose checksums are the expected ones."""
    rng = np.random.default_rng(0)
    files = {}
    for name in ("train", "test"):
        data = rng.integers(0, 256, (4, 3072), np.uint8)
        labels = {"fine_labels": [0, 99, 4, 5], "coarse_labels": [0, 19, 4, 4]}
        files[name] = python2_pickle({"data": data, "filenames": ["x.png"] * 4, "batch_label": name, **labels})
    names = {"fine_label_names": [f"fine {i}" for i in range(100)], "coarse_label_names": list("abcdefghijklmnopqrst")}
    files["meta"] = python2_pickle(names)
    folder, packed = tmp_path / "a" / "cifar-100-python", tmp_path / "b" / "cifar-100-python.tar.gz"
    for path in (folder, packed.parent):
        path.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    packed.write_bytes(archive_of(files, "cifar-100-python"))
    sums = {name: md5(content) for name, content in files.items()}
    monkeypatch.setattr(cifar, "CHECKSUMS", sums | {packed.name: md5(packed.read_bytes())})
    return folder, packed


def test_cifar100_reads_back_with_either_label(cifar100):
    folder, packed = cifar100
    for source in (folder, folder.parent, packed, packed.parent):
        fine, coarse = load(source), load(source, "train", label="coarse_label")
        assert (fine.labels.tolist(), len(fine.classes)) == ([0, 99, 4, 5], 100)
        assert (coarse.labels.tolist(), coarse.classes[19]) == ([0, 19, 4, 4], "t")
        assert (fine.name, coarse.name) == ("CIFAR-100 fine_label test", "CIFAR-100 coarse_label train")
        assert fine.shape == (3, 32, 32)
        with pytest.raises(ValueError, match="label='label' is not there: CIFAR-100 has fine_label, coarse_label"):
            load(source, label="label")


def test_a_damaged_cifar100_is_refused(cifar100):
    folder, packed = cifar100
    (folder / "test").write_bytes(b"x")
    with pytest.raises(ValueError, match=r"test: MD5 .* found"):
        load(folder)
    packed.write_bytes(b"x")
    with pytest.raises(ValueError, match=r"cifar-100-python\.tar\.gz: MD5 .* found"):
        load(packed)


# --- grey images ---


def test_grey_images_in_every_form_and_as_colour(tmp_path):
    grey = pictures(3, 28, 28)[:, 0]
    encoded = [encode(image, "PNG", "L") for image in grey]
    write_parquet(tmp_path / "hub" / "test.parquet", encoded, [0, 1, 2])
    for i, content in enumerate(encoded):
        folder = tmp_path / "tree" / "test" / "abc"[i]
        folder.mkdir(parents=True)
        (folder / "0.png").write_bytes(content)
    for source in (tmp_path / "hub", tmp_path / "tree"):
        data = load(source)
        assert data.shape == (1, 28, 28)
        np.testing.assert_array_equal(data.images[:, 0], grey)
        assert load(source, channels=1).digest == data.digest
        colour = load(source, channels=3)
        assert colour.shape == (3, 28, 28)
        for channel in range(3):
            assert torch.equal(colour.images[:, channel], data.images[:, 0])
    assert load("digits", channels=3).shape == (3, 8, 8)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(n=st.integers(1, 3), seed=st.integers(0, 2**32), data=st.data())
def test_grey_images_that_were_saved_in_colour(tmp_path_factory, n, seed, data):
    """One pixel of colour anywhere, and they are not grey."""
    folder = tmp_path_factory.mktemp("grey")
    images = np.repeat(pictures(n, seed=seed)[:, :1], 3, axis=1)
    write_parquet(folder / "test.parquet", map(encode, images), [0] * n)
    assert load(folder).shape == (3, 4, 5)
    np.testing.assert_array_equal(load(folder, channels=1).images, images[:, :1])
    place = tuple(data.draw(st.integers(0, size - 1)) for size in images.shape)
    images[place] ^= 1
    write_parquet(folder / "test.parquet", map(encode, images), [0] * n)
    with pytest.raises(ValueError, match=r"channels=1 is not allowed: the images of .* have 3"):
        load(folder, channels=1)


def test_one_image_in_colour_makes_all_of_them_colour(tmp_path):
    """ImageNet has some grey images; their network takes colour."""
    encoded = [encode(pictures(1)[0, 0], "PNG", "L"), encode(pictures(1)[0])]
    write_parquet(tmp_path / "test.parquet", encoded, [0, 1])
    assert load(tmp_path).shape == (3, 4, 5)
    for channels in (1, 4):
        with pytest.raises(ValueError, match=rf"channels={channels} is not allowed: the images of .* have 3"):
            load(tmp_path, channels=channels)
