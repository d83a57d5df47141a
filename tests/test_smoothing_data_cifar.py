"""CIFAR-10 as published, in small: batches that read back exactly, checksums, and pickles that would do harm."""

import hashlib
import io
import os
import pickle
import struct
import tarfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from rstheory._classes import CIFAR10  # noqa: E402
from rstheory.smoothing.data import cifar, load  # noqa: E402
from rstheory.smoothing.data.unpickle import unpickle  # noqa: E402

PUBLISHED = cifar.CIFAR10


class Python2Pickler(pickle._Pickler):
    """Writes what Python 2 and its NumPy wrote: text as bytes, modules under their old names, flags as integers."""

    dispatch = pickle._Pickler.dispatch.copy()

    def save_text(self, text):
        content = text.encode() if isinstance(text, str) else text
        if len(content) < 256:
            self.write(pickle.SHORT_BINSTRING + bytes([len(content)]) + content)
        else:
            self.write(pickle.BINSTRING + struct.pack("<i", len(content)) + content)

    dispatch[str] = dispatch[bytes] = save_text

    def save_reduce(self, func, args, state=None, *rest, **names):
        if func is np.dtype:
            args = (args[0], 0, 1)
        super().save_reduce(func, args, state, *rest, **names)


def python2_pickle(value) -> bytes:
    out = io.BytesIO()
    Python2Pickler(out, protocol=2).dump(value)
    return out.getvalue().replace(b"numpy._core.", b"numpy.core.")


def md5(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


@pytest.fixture(scope="module")
def published():
    """{file: content} of a CIFAR-10 with three images a batch, and {batch: (images, labels)}."""
    rng = np.random.default_rng(0)
    files, truth = {}, {}
    for name in (*PUBLISHED.splits["train"], *PUBLISHED.splits["test"]):
        images, labels = rng.integers(0, 256, (3, 3, 32, 32), np.uint8), rng.integers(0, 10, 3).tolist()
        batch = {
            "batch_label": name,
            "labels": labels,
            "data": images.reshape(3, -1),
            "filenames": [f"{i}.png" for i in range(3)],
        }
        files[name], truth[name] = python2_pickle(batch), (images, labels)
    files[PUBLISHED.meta] = python2_pickle({"num_vis": 3072, "label_names": list(CIFAR10), "num_cases_per_batch": 3})
    return files, truth


def archive_of(files, folder=PUBLISHED.folder) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(f"{folder}/{name}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


@pytest.fixture
def lay(tmp_path, monkeypatch):
    """Writes files as a folder and as an archive, and makes their checksums the expected ones."""

    def write(files, archive=None):
        folder = tmp_path / "extracted" / PUBLISHED.folder
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
        packed = tmp_path / "packed" / PUBLISHED.archive
        packed.parent.mkdir(exist_ok=True)
        packed.write_bytes(archive_of(files) if archive is None else archive)
        sums = {name: md5(content) for name, content in files.items()} | {PUBLISHED.archive: md5(packed.read_bytes())}
        monkeypatch.setattr(cifar, "CHECKSUMS", sums)
        return folder, packed

    return write


def test_folder_archive_and_what_holds_them_read_back_exactly(lay, published):
    files, truth = published
    folder, packed = lay(files)
    for source in (folder, folder.parent, packed, packed.parent, str(packed)):
        for split, names in PUBLISHED.splits.items():
            data = load(source, split)
            np.testing.assert_array_equal(data.images, np.concatenate([truth[name][0] for name in names]))
            assert data.labels.tolist() == [label for name in names for label in truth[name][1]]
            assert (data.classes, data.name) == (CIFAR10, f"CIFAR-10 {split}")


def test_nothing_is_written_beside_the_archive(lay, published):
    _, packed = lay(published[0])
    load(packed, "train")
    assert os.listdir(packed.parent) == [packed.name]


def test_other_splits_are_refused(lay, published):
    folder, packed = lay(published[0])
    for source in (folder, packed):
        with pytest.raises(ValueError, match=f"{source.name}: split='val' is not there: it has test, train"):
            load(source, "val")


# --- checksums ---


@pytest.mark.parametrize("name", ["batches.meta", "data_batch_5", "test_batch"])
@pytest.mark.parametrize(
    "damage", [lambda c: c[:-1], lambda c: b"", lambda c: c + b"\0", lambda c: c[:99] + b"!" + c[100:]]
)
def test_a_damaged_file_is_refused_by_name_found_and_expected(lay, published, name, damage):
    files, _ = published
    folder, packed = lay(files)
    damaged = damage(files[name])
    (folder / name).write_bytes(damaged)
    split = "test" if name == "test_batch" else "train"
    with pytest.raises(ValueError, match=f"{name}: MD5 {md5(damaged)} found, {md5(files[name])} expected"):
        load(folder, split)
    packed.write_bytes(damaged)
    with pytest.raises(ValueError, match=rf"{PUBLISHED.archive}: MD5 {md5(damaged)} found, .* expected"):
        load(packed, split)


def test_files_inside_the_archive_are_checked_too(lay, published):
    files, _ = published
    _, packed = lay(files, archive_of(files | {"test_batch": files["data_batch_1"]}))
    with pytest.raises(ValueError, match=r"test_batch: MD5 .* found"):
        load(packed)


def test_the_checksums_are_those_of_the_authors_by_default(tmp_path):
    """Known from elsewhere: the MD5 of nothing is none of them, and they are distinct and whole."""
    assert len(set(cifar.CHECKSUMS.values())) == len(cifar.CHECKSUMS) == 8 + 4
    assert all(len(bytes.fromhex(checksum)) == 16 for checksum in cifar.CHECKSUMS.values())
    (tmp_path / PUBLISHED.archive).touch()
    with pytest.raises(ValueError, match=f"MD5 {md5(b'')} found, c58f30108f718f92721af3b95e74349a expected"):
        load(tmp_path)


def test_files_that_are_not_there(lay, published):
    files, _ = published
    without = {name: content for name, content in files.items() if name != "data_batch_3"}
    folder, packed = lay(without)
    with pytest.raises(FileNotFoundError, match="data_batch_3"):
        load(folder, "train")
    with pytest.raises(
        FileNotFoundError, match=f"{PUBLISHED.archive}: the archive lacks {PUBLISHED.folder}/data_batch_3"
    ):
        load(packed, "train")
    assert len(load(folder)) == len(load(packed)) == 3


def test_only_the_exact_names_in_the_archive_count(lay, published):
    """A link of the right name, or a file of nearly the right name, is not the file."""
    files, _ = published
    _, packed = lay(files, archive_of(files, folder=f"../{PUBLISHED.folder}"))
    with pytest.raises(FileNotFoundError, match="lacks"):
        load(packed)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        link = tarfile.TarInfo(f"{PUBLISHED.folder}/test_batch")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        tar.addfile(link)
    _, packed = lay(files, out.getvalue())
    with pytest.raises(
        FileNotFoundError, match=f"lacks {PUBLISHED.folder}/batches.meta, {PUBLISHED.folder}/test_batch"
    ):
        load(packed)


# --- what is in a batch ---

DATA, LABELS = np.zeros((2, 3072), np.uint8), [0, 1]
BAD = [
    ([1, 2], "it must be a dict with data and labels"),
    ({"data": DATA}, "it must be a dict with data and labels"),
    ({"data": DATA.astype(np.int16), "labels": LABELS}, r"data is int16 \(2, 3072\): it must be a uint8 array"),
    ({"data": DATA[:, :3000].copy(), "labels": LABELS}, r"data is uint8 \(2, 3000\)"),
    ({"data": DATA[0], "labels": LABELS}, r"data is uint8 \(3072,\)"),
    ({"data": [0] * 3072, "labels": LABELS}, "data is list"),
    ({"data": DATA, "labels": [0]}, "labels must be a list of 2 integers"),
    ({"data": DATA, "labels": [0, 1.0]}, "labels must be a list of 2 integers"),
    ({"data": DATA, "labels": "ab"}, "labels must be a list of 2 integers"),
    ({"data": DATA, "labels": [0, 10]}, r"labels must be a list of 2 integers in \[0, 9\]"),
    ({"data": DATA, "labels": [-1, 0]}, r"labels must be a list of 2 integers in \[0, 9\]"),
]


@pytest.mark.parametrize(("batch", "message"), BAD)
def test_a_batch_of_another_make_is_refused(lay, published, batch, message):
    folder, _ = lay(published[0] | {"test_batch": python2_pickle(batch)})
    with pytest.raises(ValueError, match=f"{PUBLISHED.folder}.*{message}"):
        load(folder)


@pytest.mark.parametrize("meta", [[], {"names": []}, {"label_names": "cat"}, {"label_names": [1]}])
def test_class_names_of_another_make_are_refused(lay, published, meta):
    folder, _ = lay(published[0] | {PUBLISHED.meta: python2_pickle(meta)})
    with pytest.raises(ValueError, match=r"batches\.meta: it must be a dict with a list of names"):
        load(folder)


# --- the unpickler ---

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.binary(max_size=300),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.binary(max_size=4), inner, max_size=4),
)


@given(PLAIN)
def test_plain_values_come_back(value):
    assert unpickle("x", python2_pickle(value)) == value


@given(st.integers(0, 5), st.integers(0, 5), st.sampled_from([np.uint8, np.int64, np.float32]), st.booleans())
def test_arrays_come_back(rows, columns, dtype, fortran):
    array = np.arange(rows * columns).reshape(rows, columns).astype(dtype, order="F" if fortran else "C")
    for content in (python2_pickle({"data": array}), pickle.dumps({b"data": array}, protocol=4)):
        read = unpickle("x", content)[b"data"]
        assert read.dtype == dtype
        np.testing.assert_array_equal(read, array)


def test_a_pickle_cut_anywhere_is_refused():
    whole = python2_pickle({"data": np.arange(6, dtype=np.uint8).reshape(2, 3), "labels": [1, 2, 300, 70000]})
    for end in range(len(whole)):
        with pytest.raises(ValueError, match=r"^batch: no pickle of NumPy arrays: "):
            unpickle("batch", whole[:end])


class Harm:
    """Calls a function when it is unpickled."""

    def __init__(self, *call):
        self.call = call

    def __reduce__(self):
        return self.call[0], self.call[1:]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("function", [os.system, exec, eval, np.load, getattr, np.fromfile])
def test_a_pickle_that_would_run_something_is_refused_and_runs_nothing(tmp_path, function, protocol):
    witness = tmp_path / "ran"
    words = f"touch {witness}" if function is os.system else f"open({str(witness)!r}, 'w').close()"
    content = pickle.dumps({"data": Harm(function, words)}, protocol=protocol)
    with pytest.raises(ValueError, match=r"it asks for \w+(\.\w+)*\.\w+, and only NumPy arrays are allowed"):
        unpickle("batch", content)
    assert not witness.exists()
    if function in (os.system, exec):  # the pickle is a working one: without the guard it does run
        pickle.loads(content)
        assert witness.exists()


def test_a_harmful_batch_does_nothing_even_when_its_checksum_is_expected(lay, published, tmp_path):
    witness = tmp_path / "ran"
    folder, packed = lay(published[0] | {"test_batch": python2_pickle(Harm(os.system, f"touch {witness}"))})
    for source in (folder, packed):
        with pytest.raises(ValueError, match=r"test_batch: no pickle of NumPy arrays: it asks for \w+\.system"):
            load(source)
    assert not witness.exists()


def test_names_are_matched_whole():
    """`numpy.ndarray.tofile`, reached through a dotted name in protocol 4, is not `numpy.ndarray`."""
    content = b"\x80\x04\x8c\x05numpy\x8c\x0endarray.tofile\x93."
    with pytest.raises(ValueError, match=r"it asks for numpy\.ndarray\.tofile"):
        unpickle("x", content)
