"""One run in several files is one log."""

import pytest
from log_files import HEADER, codes, own_lines, row, write

from rstheory import audit_logs
from rstheory.logs.chunks import chunk_pattern, chunk_sets
from rstheory.logs.read import read_logs

NAMES = [
    ["certification_chunk_1out_of4.txt", "certification_chunk_2out_of4.txt"],
    ["part0.tsv", "part1.tsv", "part10.tsv"],
    ["log_0of3", "log_1of3", "log_2of3"],
    ["noise_0.5_shard-0-of-2.tsv", "noise_0.5_shard-1-of-2.tsv"],
    ["run_rank0.tsv", "run_rank1.tsv"],
    ["start_0_end_5.tsv", "start_5_end_10.tsv"],
]


@pytest.mark.parametrize("names", NAMES)
def test_chunks_are_read_as_one_log(tmp_path, names):
    folder = tmp_path / "noise_0.50"
    for chunk, name in enumerate(names):
        write(folder, [HEADER, *(row(10 * chunk + i, "0.6") for i in range(10))], name)
    (log,) = read_logs(str(folder / name) for name in names)
    assert log.index.tolist() == list(range(10 * len(names)))
    assert codes(log) == ["joined-chunks", "rounded-radius"]
    assert log.path == chunk_pattern(str(folder / names[0]))
    assert [report.log.samples for report in audit_logs(folder).logs] == [10 * len(names)]


def test_lines_are_counted_through_the_files(tmp_path):
    write(tmp_path, [HEADER, row(0), row(1)], "noise_0.5_part1")
    write(tmp_path, [HEADER, row(2), "cut", row(3), row(4)], "noise_0.5_part2")
    (log,) = read_logs(str(tmp_path / f"noise_0.5_part{i}") for i in (1, 2))
    assert next((w.code, w.line) for w in log.warnings) == ("truncated-line", 3 + 3)


def test_runs_that_share_samples_or_differ_in_settings_are_not_joined(tmp_path):
    paths = [write(tmp_path, [HEADER, row(0), row(i)], f"noise_0.5_part{i}") for i in (1, 2)]
    assert len(list(read_logs(map(str, paths)))) == 2
    paths = [write(tmp_path, own_lines([900], n=n), f"noise_0.5_part{i}") for i, n in enumerate((1000, 2000))]
    assert len(list(read_logs(map(str, paths)))) == 2
    assert chunk_sets(["a/noise_0.25", "a/noise_0.5", "b/part1", "c/part1"]) == [
        ("a/noise_0.25",),
        ("a/noise_0.5",),
        ("b/part1",),
        ("c/part1",),
    ]


def test_a_chunk_that_cannot_be_read_is_told_and_the_others_are_joined(tmp_path):
    paths = [write(tmp_path, [HEADER, row(i)], f"noise_0.5_part{i}") for i in range(2)]
    paths.append(write(tmp_path, ["nothing"], "noise_0.5_part2"))
    error, log = read_logs(map(str, paths))
    assert error[0].endswith("part2")
    assert log.samples == 2


@pytest.mark.parametrize(
    "name", ["noise_0.50.tsv", "department1.tsv", "epoch_90.tsv", "sigma_0.25", "resnet110_noise_0.5"]
)
def test_names_that_tell_no_chunk(name):
    assert chunk_pattern(name) is None
