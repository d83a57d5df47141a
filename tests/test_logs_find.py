"""Which files of a folder are logs."""

import os
from pathlib import Path

from audit_logs import COLUMNS
from log_files import HEADER, ROWS, write

from rstheory.logs.find import find_logs


def test_folders_are_searched_in_order_and_everything_is_accounted_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("b/noise_1.0", "b/noise_0.25", "b/noise_0.5.tsv", "a/deep/sigma_1.0.txt", "c.tsv"):
        write(tmp_path, [HEADER, *ROWS], name)
    write(tmp_path, ["\t".join(reversed(COLUMNS))], "a/reordered.tsv")
    write(tmp_path, ["# notes"], "b/README.md")
    write(tmp_path, [HEADER, *ROWS], "b/.git/noise_0.5.tsv")
    (tmp_path / "b" / "empty.tsv").touch()
    os.mkfifo(tmp_path / "b" / "pipe")
    (tmp_path / "nothing").mkdir()
    found = find_logs(["c.tsv", "b", "a", "missing.tsv", Path("nothing"), "b/noise_0.25", "bad\0name"])
    assert found.logs == (
        "c.tsv",
        "b/noise_0.25",
        "b/noise_0.5.tsv",
        "b/noise_1.0",
        "a/deep/sigma_1.0.txt",
        "a/reordered.tsv",
    )
    assert dict(found.skipped) == {
        "b/.git": "hidden",
        "b/README.md": "does not start with the header of a certification log",
        "b/empty.tsv": "empty file",
        "b/pipe": "not a regular file",
    }
    assert [path for path, _ in found.errors] == ["missing.tsv", "nothing", "bad\0name"]
    assert "No such file" in found.errors[0][1]
    assert "no certification log in this folder" in found.errors[1][1]


def test_a_file_that_is_named_is_taken_as_a_log(tmp_path):
    path = write(tmp_path, ["# notes"], "README.md")
    assert find_logs([path]).logs == (str(path),)


def test_a_folder_given_twice_counts_once(tmp_path):
    path = write(tmp_path, [HEADER, *ROWS])
    assert find_logs([tmp_path, tmp_path, path]).logs == (str(path),)
    assert find_logs([path, tmp_path]).errors == (), "the folder holds a log, though one already named"


def test_links_in_a_circle_end(tmp_path):
    write(tmp_path, [HEADER, *ROWS], "a/noise_0.5")
    (tmp_path / "a" / "around").symlink_to(tmp_path)
    (tmp_path / "a" / "dangling").symlink_to(tmp_path / "gone")
    found = find_logs([tmp_path])
    assert [os.path.relpath(path, tmp_path) for path in found.logs] == ["a/noise_0.5"]
    assert [reason for _, reason in found.skipped] == ["not a regular file"]
    assert [os.path.relpath(path, tmp_path) for path, _ in found.errors] == ["a/dangling"]


def test_only_the_first_bytes_decide(tmp_path):
    """A sparse file of 1 TiB is decided upon as fast as any other."""
    for name, start in (("big_log", HEADER.encode() + b"\n"), ("big_other", b"x")):
        with open(tmp_path / name, "wb") as file:
            file.write(start)
            file.truncate(2**40)
    assert find_logs([tmp_path]).logs == (str(tmp_path / "big_log"),)
