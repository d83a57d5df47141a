"""Methods under attack, compared: what the tables say follows from the rows, and rows that do not fit are refused."""

import lzma
import math

import numpy as np
import pytest
from scipy.stats import binomtest
from test_audit_sandwich import attack_row

from rstheory import radius_from_count
from rstheory.experiments.attacked import accuracies_table, attacked_orders, find_attacked, kinds_table
from rstheory.logs.schema import ATTACK_LOG
from rstheory.plots.attacked import write_attacked

N, ALPHA, SIGMA = 10_000, 0.001, 0.5


def write_network(folder, counts, norms, m=2):
    """A method's folder: certificates from these counts of the label, and an attack that found these norms. A norm of 0
    stands for an image that PREDICT does not give its label."""
    folder.mkdir(exist_ok=True)
    lines = ["idx\tlabel\tpredict\tradius\tcorrect\ttime\tcount\tn\tn0\talpha\tsigma"]
    rows = []
    for index, (count, norm) in enumerate(zip(counts, norms, strict=True)):
        radius = float(radius_from_count(count, N, ALPHA, SIGMA))
        predict = 0 if radius > 0 else -1
        lines.append(f"{index}\t0\t{predict}\t{radius!r}\t{int(radius > 0)}\t0.1\t{count}\t{N}\t100\t{ALPHA}\t{SIGMA}")
        found = {} if norm in (0, math.inf) else {"norm": norm, "attacked": (10, 90)}
        rows.append(attack_row(index, counts=(10, 90) if norm == 0 else (90, 10), m=m, **found))
    (folder / "certified_0.50_seed0.tsv").write_text("\n".join(lines) + "\n")
    text = "\n".join([ATTACK_LOG.header, *rows]) + "\n"
    (folder / f"attack_m{m}_0.50_seed0.tsv.xz").write_bytes(lzma.compress(text.encode()))


@pytest.fixture
def networks(tmp_path):
    """Gaussian training and another method on six images, the first attacked twice."""
    counts = [4000, 6000, 7000, 9000, 9950, 9999]
    write_network(tmp_path / "gaussian", counts, [0, 0.3, 0.7, 1.1, 1.6, math.inf])
    write_network(tmp_path / "gaussian", counts, [0, 0.2, 0.6, 1.0, 1.5, math.inf], m=8)
    write_network(tmp_path / "easy", [3000, 4000, 4500, 9800, 9990, 9999], [0, 0, 0, 1.2, 1.9, math.inf])
    return find_attacked(tmp_path)


def column(table, name, **cells):
    """Entries of a column in the rows that have these cells."""
    return table.loc[(table[list(cells)] == list(cells.values())).all(axis=1), name].tolist()


def test_accuracies_are_shares_of_the_images(networks):
    assert [(one.method, len(one.sandwiches)) for one in networks] == [("gaussian", 2), ("easy", 1)]
    table = accuracies_table(networks)
    assert column(table, "radius", method="easy") == [0, 0.5, 1.0, 1.5]
    assert column(table, "certified", method="gaussian", m=2)[0] == pytest.approx(5 / 6)
    assert column(table, "withstood", method="gaussian", m=2) == pytest.approx([5 / 6, 4 / 6, 3 / 6, 2 / 6])
    assert column(table, "withstood", method="gaussian", m=8) == pytest.approx(
        [5 / 6, 4 / 6, 2 / 6, 1 / 6]
    )  # its own norm is lost
    assert column(table, "withstood", method="easy") == pytest.approx([3 / 6, 3 / 6, 3 / 6, 2 / 6])
    expected = binomtest(4, 6).proportion_ci(0.95, "exact")
    row = {"method": "gaussian", "m": 2, "radius": 0.5}
    assert column(table, "low", **row) == pytest.approx([expected.low], rel=1e-9)
    assert column(table, "high", **row) == pytest.approx([expected.high], rel=1e-9)
    assert not table["inside"].any()


def test_kinds_are_told_by_the_certificates_of_gaussian_training(networks):
    table = kinds_table(networks)
    assert column(table, "kind", method="easy") == ["uncertified", "certified", "sure"]
    assert column(table, "images", method="easy") == [1, 3, 2]  # p of 0.995 and more
    assert column(table, "attacked", method="easy") == [0, 1, 2]
    assert column(table, "attacked", method="gaussian", m=2) == [0, 3, 2]
    assert column(table, "changed", method="gaussian", m=2) == [0, 3, 1]
    nothing, middle, easy = column(table, "found", method="gaussian", m=2)
    assert math.isnan(nothing)
    assert (middle, easy) == (0.7, math.inf)  # the upper median


def test_changes_against_gaussian_training_are_paired_over_images(networks):
    table = accuracies_table(networks)
    assert column(table, "change", method="gaussian") == pytest.approx([math.nan] * 8, nan_ok=True)
    # Two of six images are lost at r = 0: mean -1/3, deviation of a 0/1 variable of mean 1/3 with n - 1 = 5.
    assert column(table, "change", method="easy")[0] == pytest.approx(-1 / 3)
    half = 1.959963984540054 * math.sqrt(6 * (1 / 3) * (2 / 3) / 5) / math.sqrt(6)
    assert column(table, "change, low", method="easy")[0] == pytest.approx(-1 / 3 - half)
    assert column(table, "change, high", method="easy")[0] == pytest.approx(-1 / 3 + half)


def test_abstentions_are_told_apart(tmp_path):
    write_network(tmp_path / "gaussian", [9000, 9000], [1.2, 1.2])
    path = next(tmp_path.rglob("attack_*"))
    head, *rows = lzma.decompress(path.read_bytes()).decode().splitlines()
    place = head.split("\t").index("abstain_norm")
    cells = rows[0].split("\t")
    cells[place] = "0.4"
    path.write_bytes(lzma.compress("\n".join([head, "\t".join(cells), *rows[1:], ""]).encode()))
    table = accuracies_table(find_attacked(tmp_path))
    assert table["withstood"].tolist() == [1, 1, 1, 0]
    assert table["answered"].tolist() == [1, 0.5, 0.5, 0]


def test_pairs_are_compared_under_attacks_that_all_had(networks):
    """The second attack on Gaussian training, to which the fourth image falls at 1.0, does not count."""
    table = attacked_orders(networks).set_index("radius")
    assert table.loc[0.0, ["better", "worse"]].tolist() == ["gaussian", "easy"]
    assert table.loc[0.0, "more"] == pytest.approx(2 / 6)
    assert table.loc[0.0, "p"] == pytest.approx(0.5)  # two images that only one withstood
    assert table.loc[1.0, "more"] == 0
    assert np.all(table["holm"] >= table["p"])


def test_two_seeds_of_one_method_are_refused(tmp_path):
    write_network(tmp_path / "gaussian", [9000], [1.0])
    for path in [*(tmp_path / "gaussian").iterdir()]:
        (path.parent / path.name.replace("seed0", "seed1")).write_bytes(path.read_bytes())
    with pytest.raises(ValueError, match=r"attacked from several seeds at sigma=0\.5: keep one"):
        find_attacked(tmp_path)


def test_a_change_inside_a_certificate_is_counted(tmp_path):
    write_network(tmp_path / "gaussian", [9999, 9999], [0.1, math.inf])
    table = accuracies_table(find_attacked(tmp_path))
    assert table["inside"].tolist() == [1, 1, 1, 1]


def test_networks_attacked_on_other_images_are_refused(tmp_path):
    write_network(tmp_path / "gaussian", [9000, 9000], [1.0, 1.0])
    write_network(tmp_path / "easy", [9000, 9000, 9000], [1.0, 1.0, 1.0])
    with pytest.raises(ValueError, match="hold different images"):
        find_attacked(tmp_path)


def test_a_certificate_without_an_attack_is_left_alone(tmp_path):
    write_network(tmp_path / "gaussian", [9000], [1.0])
    next(tmp_path.rglob("attack_*")).unlink()
    assert find_attacked(tmp_path) == []


def test_everything_is_written(networks, tmp_path):
    out = tmp_path / "out"
    written = write_attacked(networks, {}, out)
    assert all(path.stat().st_size for path in written)
    assert {path.name for path in written} >= {"attacked.csv", "attacked_kinds.csv", "methods_attacked.png"}
    assert "Images with a change inside a certificate: 0" in (out / "sigma_0.5" / "methods_attacked.txt").read_text()
