"""Data of absurd sizes and hostile text: refused in a few plain words, before any memory is taken for them."""

import json
import os
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")
pa = pytest.importorskip("pyarrow")
Image = pytest.importorskip("PIL.Image")

import pyarrow.parquet as pq  # noqa: E402
from image_files import encode, pictures, write_parquet, write_tree  # noqa: E402

from rstheory.smoothing.data import dataset as dataset_module  # noqa: E402
from rstheory.smoothing.data import decode, load, parquet  # noqa: E402


def png_of(width, height):
    """A PNG of 60 bytes or so that says to have this size."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize("size", [(5000, 5000), (30_000, 30_000), (2**31 - 1, 2**31 - 1), (10**6, 17)])
def test_image_bombs_are_refused_before_they_are_decoded(tmp_path, size):
    write_parquet(tmp_path / "test.parquet", [encode(pictures(1)[0]), png_of(*size)], [0, 1])
    with pytest.raises(ValueError, match=r"test\.parquet, row 1: .*(pixels|decompression bomb|too large|could be)"):
        load(tmp_path)


def test_images_beyond_the_memory_of_the_machine_are_refused(tmp_path, monkeypatch):
    write_parquet(tmp_path / "test.parquet", [png_of(4000, 4000)] * 3, [0, 1, 2])
    monkeypatch.setattr(decode, "physical_memory", lambda: 10**8)
    with pytest.raises(ValueError, match=r"3 images of 4000x4000 pixels take 0\.1 GiB, and this machine has 0\.1 GiB"):
        load(tmp_path)
    monkeypatch.setattr(decode, "physical_memory", lambda: 100)
    with pytest.raises(ValueError, match=r"test\.parquet: its images take"):
        load(tmp_path)


def test_the_memory_of_the_machine_is_known():
    assert 2**28 < decode.physical_memory() <= 2**50


def test_a_file_of_any_size_is_not_read_as_an_image(tmp_path):
    write_tree(tmp_path, "test", {"cat": pictures(1)})
    with (tmp_path / "test" / "cat" / "000.png").open("r+b") as file:
        file.truncate(2**28 + 1)  # takes no room on the disk
    with pytest.raises(ValueError, match=r"000\.png: it has 268435457 bytes"):
        load(tmp_path)


@pytest.mark.parametrize("label", [10**8, 2**62, dataset_module.MOST_CLASSES])
def test_a_huge_label_is_refused_before_classes_are_made_of_it(tmp_path, label):
    write_parquet(tmp_path / "test.parquet", map(encode, pictures(2)), [0, label], classes=None)
    with pytest.raises(
        ValueError, match=rf"test\.parquet, row 1: label={label} is not allowed: labels count from 0 to"
    ):
        load(tmp_path)


@pytest.mark.parametrize(
    "metadata",
    [
        "[" * 10**6,
        json.dumps({"info": {"features": {"label": {"names": ["x"] * 200_000}}}}),
        json.dumps({"info": {"features": {"label": {"names": [{"a": "x" * 10**6}]}}}}),
        " " * (2**24 + 1),
    ],
)
def test_metadata_is_bounded(tmp_path, metadata):
    path = write_parquet(tmp_path / "test.parquet", map(encode, pictures(2)), [0, 1], classes=None)
    pq.write_table(pq.read_table(path).replace_schema_metadata({"huggingface": metadata}), path)
    with pytest.raises(ValueError, match=r"test\.parquet: its huggingface metadata") as error:
        load(tmp_path)
    assert len(str(error.value)) < 500


def test_a_wide_table_is_refused_in_a_few_words(tmp_path):
    pq.write_table(pa.table({f"column {'x' * 100} {i}": [1] for i in range(2000)}), tmp_path / "test.parquet")
    with pytest.raises(ValueError, match="it must have the columns img or image") as error:
        load(tmp_path)
    assert len(str(error.value)) < 1500


def test_names_of_folders_reach_logs_as_plain_text(tmp_path):
    root = tmp_path / "RED\x1b[31m\tand\nmore"
    write_tree(root, "test", {"cat": pictures(1)})
    assert load(root).name == r"RED\x1b[31m\tand\nmore test"
    assert len(load(write_deep(tmp_path / ("x" * 200))).name) < 120


def write_deep(root):
    write_tree(root, "test", {"cat": pictures(1)})
    return root


@settings(max_examples=80, deadline=None)
@given(form=st.sampled_from(["parquet", "arrow"]), data=st.data())
def test_a_file_with_a_changed_byte_is_read_or_refused(tmp_path_factory, form, data):
    folder = tmp_path_factory.mktemp("flip")
    path = write_parquet(folder / "test.parquet", map(encode, pictures(2)), [0, 1])
    if form == "arrow":
        table = pq.read_table(path)
        path.unlink()
        path = folder / "test.arrow"
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, table.schema) as stream:
            stream.write_table(table)
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    try:
        assert 1 <= len(load(folder)) <= 2
    except ValueError as error:
        assert path.name in str(error)  # noqa: PT017  # either outcome is right


def test_forms_are_looked_for_in_a_bounded_number_of_folders(tmp_path, monkeypatch):
    """A tree of image files may have a thousand class folders, and none of them is a data set of the hub."""
    for i in range(400):
        (tmp_path / "test" / f"{i:03}").mkdir(parents=True)
    (tmp_path / "test" / "000" / "0.png").write_bytes(encode(pictures(1)[0]))
    asked = []
    scandir = os.scandir

    def counted(folder):
        asked.append(folder)
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", counted)
    assert parquet.find(tmp_path) == {}
    assert len(asked) == 300
