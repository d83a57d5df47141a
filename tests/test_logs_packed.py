"""Logs compressed by gzip, bzip2 or xz are read as what they hold; what cannot be unpacked is refused by name."""

import bz2
import gzip
import lzma

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from log_files import HEADER, ROWS, write

from rstheory import audit_logs, read_log
from rstheory._words import short_names
from rstheory.logs.find import find_logs
from rstheory.logs.packed import beginning, unpacked

PACK = {"gz": gzip.compress, "xz": lzma.compress, "bz2": bz2.compress}
TEXT = "\n".join([HEADER, *ROWS, ""]).encode()


@given(st.binary(max_size=300), st.sampled_from(sorted(PACK)), st.integers(1, 3))
def test_what_was_packed_comes_back(content, ending, streams):
    """Also where several streams follow each other, as `cat` makes them."""
    assert unpacked(PACK[ending](content) * streams) == content * streams
    assert content.startswith(beginning(PACK[ending](content), 20)[:20])


@pytest.mark.parametrize("ending", sorted(PACK))
def test_a_compressed_log_is_the_log(tmp_path, ending):
    plain = read_log(write(tmp_path, [HEADER, *ROWS], "noise_0.5.tsv"))
    path = tmp_path / "packed" / f"noise_0.5.tsv.{ending}"
    path.parent.mkdir()
    path.write_bytes(PACK[ending](TEXT))
    log = read_log(path)
    assert (log.sigma, log.n, log.acr) == (plain.sigma, plain.n, plain.acr)
    assert np.array_equal(log.radius, plain.radius)
    assert [finding.code for finding in log.warnings] == [finding.code for finding in plain.warnings]
    assert find_logs([path.parent]).logs == (str(path),)
    assert audit_logs(path.parent).logs[0].log.acr == plain.acr


@pytest.mark.parametrize("ending", sorted(PACK))
def test_what_cannot_be_unpacked_is_refused_by_name(tmp_path, ending):
    path = tmp_path / f"noise_0.5.{ending}"
    packed = PACK[ending](TEXT)
    for content in (packed[:-5], packed[: len(packed) // 2], packed[:12] + bytes(20) + packed[32:]):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=rf"noise_0\.5\.{ending}: the compressed file"):
            read_log(path)
    path.write_bytes(PACK[ending](b"something else"))
    with pytest.raises(ValueError, match=r"line 1: .*is not the header"):
        read_log(path)
    assert find_logs([tmp_path]).skipped == ((str(path), "does not start with the header of a certification log"),)


@pytest.mark.parametrize("ending", sorted(PACK))
def test_a_small_file_that_would_fill_the_memory_is_refused(ending):
    with pytest.raises(ValueError, match="holds more than 1,000,000 bytes"):
        unpacked(PACK[ending](bytes(10**7)), most=10**6)
    assert len(beginning(PACK[ending](bytes(10**7)), 4096)) == 4096


def test_names_lose_both_endings():
    assert short_names(["a/noise_0.5.tsv.gz", "b/noise_0.5.tsv.xz", "c/noise_0.5.csv"]) == ["a", "b", "c"]
