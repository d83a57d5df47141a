"""Data sets in memory: what they refuse, subsets, inputs, digests; digits; random flips and crops; the one door."""

import dataclasses
import hashlib
import sys

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from rstheory.smoothing.data import Dataset, flip_and_crop, load  # noqa: E402
from rstheory.smoothing.data.augment import draws  # noqa: E402

SHAPES = st.tuples(st.integers(1, 6), st.integers(1, 4), st.integers(1, 7), st.integers(1, 7))  # n, c, h, w
DTYPES = st.sampled_from([torch.uint8, torch.int64, torch.bool, torch.float16, torch.bfloat16, torch.float32])


def pixels(shape, seed=0):
    return torch.randint(256, shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(seed))


def dataset(shape=(5, 3, 4, 2), seed=0, classes=("cat", "dog", "fox")):
    images = pixels(shape, seed)
    return Dataset(images, torch.arange(len(images)) % len(classes), classes, "animals test")


# --- the data set ---


@given(SHAPES, st.integers(0, 2**32))
def test_inputs_are_pixels_over_255(shape, seed):
    data = dataset(shape, seed)
    indices = torch.arange(len(data)).flip(0)
    inputs = data.inputs(indices)
    assert inputs.dtype == torch.float32
    assert inputs.shape == (len(data), *data.shape)
    np.testing.assert_array_equal(inputs, data.images.numpy()[::-1].astype(np.float32) / np.float32(255))


def test_inputs_lie_in_the_unit_interval_and_tell_all_256_values_apart():
    data = dataset((1, 1, 16, 16))
    data = dataclasses.replace(data, images=torch.arange(256, dtype=torch.uint8).reshape(1, 1, 16, 16))
    values = data.inputs(torch.tensor([0])).flatten()
    assert (values.min(), values.max()) == (0, 1)
    assert (values.diff() > 0).all()
    with pytest.raises(IndexError):
        data.inputs(torch.tensor([1]))


@given(st.integers(1, 40), st.integers(1, 50) | st.just(10**30), st.none() | st.integers(1, 50), st.data())
def test_every(n, skip, limit, data):
    start = data.draw(st.integers(0, n - 1))
    indices = dataset((n, 1, 1, 1)).every(skip, limit, start)
    assert indices.dtype == torch.int64
    assert indices.tolist() == [i for i in range(n) if i >= start and (i - start) % skip == 0][:limit]


@given(st.integers(1, 60), st.integers(1, 9), st.lists(st.integers(1, 9), min_size=1, max_size=4))
def test_chunks_that_begin_where_the_last_ended_are_the_whole(n, skip, sizes):
    """What --start is for: several runs that share a data set."""
    data, start, chunks = dataset((n, 1, 1, 1)), 0, []
    for size in sizes:
        if start < n:
            chunks += data.every(skip, size, start).tolist()
            start += size * skip
    assert chunks == data.every(skip, sum(sizes)).tolist()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("skip", 0), ("skip", -1), ("skip", 2.0), ("limit", 0), ("limit", "3")],
        *[("start", -1), ("start", 5), ("start", 10**30), ("start", 1.0)],
    ],
)
def test_subsets_that_make_no_sense_are_refused(name, value):
    with pytest.raises(ValueError, match=f"^{name}="):
        dataset().every(**{"skip": 1, name: value})


def test_digest_is_what_it_says():
    data = dataset((2, 1, 2, 3))
    parts = (b"(2, 1, 2, 3)", bytes(data.images.flatten().tolist()), *(i.to_bytes(8, "little") for i in (0, 1)))
    assert data.digest == hashlib.sha256(b"".join(parts)).hexdigest()


@given(SHAPES, st.data())
def test_digest_sees_every_pixel_and_label(shape, data):
    original = dataset(shape)
    place = tuple(data.draw(st.integers(0, size - 1)) for size in shape)
    images, labels = original.images.clone(), original.labels.clone()
    images[place] += 1  # 255 becomes 0
    labels[place[0]] = (labels[place[0]] + 1) % 3
    assert original.digest != dataclasses.replace(original, images=images).digest
    assert original.digest != dataclasses.replace(original, labels=labels).digest


def test_digest_sees_the_shape():
    data = dataset((2, 1, 2, 3))
    assert data.digest != dataclasses.replace(data, images=data.images.reshape(2, 1, 3, 2)).digest


def test_digest_sees_neither_names_nor_strides():
    data = dataset()
    strided = data.images.contiguous(memory_format=torch.channels_last)
    assert strided.stride() != data.images.stride()
    assert data.digest == dataclasses.replace(data, images=strided, name="other", classes=("x", "y", "z")).digest


def test_to_moves_the_whole_set():
    moved = dataset().to(torch.device("cpu"))
    assert (moved.name, moved.classes, len(moved), moved.shape) == ("animals test", ("cat", "dog", "fox"), 5, (3, 4, 2))
    assert moved.digest == dataset().digest
    with pytest.raises(RuntimeError):
        dataset().to("no such device")


IMAGES, LABELS = pixels((2, 1, 2, 2)), torch.tensor([0, 1])
BAD = [
    (dict(images=IMAGES.float()), r"images is torch.float32: it must be a torch.uint8 tensor"),
    (dict(images=IMAGES.numpy()), r"images is uint8: it must be a torch.uint8 tensor"),
    (dict(images=[1, 2]), r"images is list: it must be"),
    (dict(images=IMAGES[0]), r"images has shape \(1, 2, 2\): it must be \(n, channels, height, width\)"),
    (dict(images=IMAGES[:0], labels=LABELS[:0]), r"images has shape \(0, 1, 2, 2\).*at least one image"),
    (dict(images=IMAGES[..., :0]), r"images has shape \(2, 1, 2, 0\)"),
    (dict(labels=LABELS.int()), r"labels is torch.int32: it must be a torch.int64 tensor"),
    (dict(labels=LABELS[:, None]), r"labels has shape \(2, 1\): it must be \(n,\)"),
    (dict(labels=LABELS[:1]), r"labels has 1 entries, but there are 2 images"),
    (dict(labels=LABELS.to("meta")), r"labels are on meta, images on cpu"),
    (dict(labels=LABELS + 1), r"labels\[1\]=2 is not allowed: there are 2 classes, so a label lies in \[0, 1\]"),
    (dict(labels=LABELS - 1), r"labels\[0\]=-1 is not allowed"),
    (dict(classes=()), r"classes=\(\) is not allowed"),
]


@pytest.mark.parametrize(("change", "message"), BAD)
def test_what_is_no_data_set_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        Dataset(**(dict(images=IMAGES, labels=LABELS, classes=("a", "b"), name="x") | change))


# --- digits ---


def test_digits():
    load_digits = pytest.importorskip("sklearn.datasets").load_digits
    train, test = load("digits", "train"), load("digits")
    assert (train.name, test.name) == ("digits train", "digits test")
    assert (len(train), len(test), test.shape) == (1347, 450, (1, 8, 8))
    assert train.classes == tuple("0123456789")
    original = load_digits()
    where = np.arange(1797)
    for data, chosen in ((test, where % 4 == 0), (train, where % 4 != 0)):
        np.testing.assert_array_equal(data.labels, original.target[chosen])
        # The 17 levels are 16 apart after scaling, so rounding loses nothing.
        np.testing.assert_array_equal(np.rint(data.images[:, 0].numpy() / 255 * 16), original.images[chosen])
    assert test.digest == "6425ac6eff4dbf9fe047a823503543dfc2fd41cfa7d6857627fbddad732f5332"
    with pytest.raises(ValueError, match="digits: split='val' is not there: it has test, train"):
        load("digits", "val")


def test_without_scikit_learn_digits_say_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(ImportError, match=r"needs scikit-learn: pip install 'rstheory\[digits\]'"):
        load("digits")


# --- the one door ---


def test_where_there_is_nothing_the_forms_are_listed(tmp_path):
    forms = r"cifar-10-batches-py.*cifar-10-python\.tar\.gz.*train-00000-of-00001\.parquet.*split/class/image.*digits"
    with pytest.raises(FileNotFoundError, match=rf"nowhere: there is no such file or folder.*{forms}"):
        load(tmp_path / "nowhere")
    (tmp_path / "notes.txt").write_text("no data")
    for path in (tmp_path, tmp_path / "notes.txt"):
        with pytest.raises(ValueError, match=rf"{path.name}: no data in a form that is known.*{forms}"):
            load(path)


def test_a_folder_called_digits_is_meant_by_its_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "digits").mkdir()
    with pytest.raises(ValueError, match="no data in a form that is known"):
        load("./digits")


# --- flips and crops ---


def one_by_one(images, generator, pad):
    """The same augmentation as anyone would write it, image by image."""
    n, channels, height, width = images.shape
    out = torch.empty_like(images)
    for i, (flip, top, left) in enumerate(zip(*draws(n, generator, pad), strict=True)):
        canvas = torch.zeros(channels, height + 2 * pad, width + 2 * pad, dtype=images.dtype)
        canvas[:, pad : pad + height, pad : pad + width] = images[i]
        crop = canvas[:, top : top + height, left : left + width]
        out[i] = crop.flip(2) if flip else crop
    return out


@given(SHAPES, DTYPES, st.integers(0, 9), st.integers(0, 2**32))
@example((1, 1, 1, 1), torch.uint8, 0, 0)
@example((3, 2, 1, 7), torch.uint8, 9, 1)  # a crop may lie wholly in the padding
def test_a_batch_is_changed_as_its_images_are_one_by_one(shape, dtype, pad, seed):
    images = pixels(shape, seed).to(dtype)
    before = images.clone()
    changed = flip_and_crop(images, torch.Generator().manual_seed(seed), pad)
    assert changed.dtype == dtype
    assert changed.is_contiguous()
    assert torch.equal(changed, one_by_one(images, torch.Generator().manual_seed(seed), pad))
    assert torch.equal(images, before)


def test_every_offset_and_both_flips_occur_equally_often():
    """From the changed images alone: with 4,000 images, 18 outcomes at pad 1 have 222 each on average, deviation 14.5.

    One outcome off by more than 5 deviations has probability below 18 * 6e-7 for a fresh seed; this one is fixed.
    """
    n, size = 4000, 3
    image = torch.arange(1, size * size + 1, dtype=torch.uint8).reshape(1, 1, size, size)
    changed = flip_and_crop(image.expand(n, -1, -1, -1), torch.Generator().manual_seed(0), pad=1)
    outcomes, count = changed.flatten(1).unique(dim=0, return_counts=True)
    assert len(outcomes) == 2 * 3**2
    assert (count - n / 18).abs().max() < 5 * (n / 18 * 17 / 18) ** 0.5


def test_the_draws_of_the_standard_padding_reach_both_ends():
    flip, top, left = draws(20_000, torch.Generator().manual_seed(0), 4)
    assert flip.unique().tolist() == [False, True]
    assert len(torch.unique(torch.stack([flip.long(), top, left]), dim=1).T) == 2 * 9 * 9
    assert (top.min(), top.max(), left.min(), left.max()) == (0, 8, 0, 8)


def test_the_same_seed_gives_the_same_batch_and_the_generator_moves_on():
    images = pixels((50, 3, 8, 8))
    generator = torch.Generator().manual_seed(3)
    first, second = flip_and_crop(images, generator), flip_and_crop(images, generator)
    assert torch.equal(first, flip_and_crop(images, torch.Generator().manual_seed(3)))
    assert not torch.equal(first, second)


def test_an_empty_batch_stays_empty():
    assert flip_and_crop(pixels((0, 3, 4, 4)), torch.Generator()).shape == (0, 3, 4, 4)


def test_misuse_of_flip_and_crop_is_refused():
    with pytest.raises(ValueError, match=r"images has shape \(3, 4, 4\)"):
        flip_and_crop(pixels((3, 4, 4)), torch.Generator())
    with pytest.raises(ValueError, match="pad=-1 is not allowed"):
        flip_and_crop(pixels((1, 3, 4, 4)), torch.Generator(), pad=-1)
    with pytest.raises(ValueError, match=r"pad=1\.5 is not allowed"):
        flip_and_crop(pixels((1, 3, 4, 4)), torch.Generator(), pad=1.5)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_on_cuda_everything_is_the_same():
    data = dataset((64, 3, 32, 32))
    there = data.to("cuda")
    assert there.digest == data.digest
    assert torch.equal(there.inputs(there.every(3)).cpu(), data.inputs(data.every(3)))
    here = flip_and_crop(data.images, torch.Generator().manual_seed(1))
    assert torch.equal(flip_and_crop(there.images, torch.Generator().manual_seed(1)).cpu(), here)
    own = flip_and_crop(there.images, torch.Generator("cuda").manual_seed(1)).cpu()
    assert torch.equal(own, flip_and_crop(there.images, torch.Generator("cuda").manual_seed(1)).cpu())
