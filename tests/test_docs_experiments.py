"""What README and documentation say of trained networks is what their logs and tables have."""

from pathlib import Path

import pandas as pd
import pytest

import rstheory
from rstheory import max_radius
from rstheory.experiments import find_experiments
from rstheory.experiments.measured import gradient_table
from rstheory.experiments.tables import (
    ablation_table,
    accuracy_table,
    class_table,
    decomposition_table,
    difficulty_table,
)

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
PAGE = ROOT / "docs" / "experiments.md"
FIGURES = ROOT / "figures" / "experiments"
ZOO = Path(rstheory.__file__).parent / "zoo"
NAMES = {
    "Gaussian": "gaussian",
    "Gaussian, another run": "gaussian-rerun",
    "hard images dropped": "discard",
    "easy images drawn more often": "reweigh",
    "adversarial noise": "attack",
    "all three": "easy",
}


@pytest.fixture(scope="module")
def experiments():
    return find_experiments(ZOO)


def test_the_tables_in_figures_are_of_the_logs_that_ship(experiments):
    """`rstheory figures` was run after the last log or measurement came in."""
    for name, table in (
        ("accuracy", accuracy_table(experiments)),
        ("ablation", ablation_table(experiments)),
        ("gradients", gradient_table(experiments)),
        ("difficulty", difficulty_table(experiments)),
        ("decomposition", decomposition_table(experiments)),
    ):
        kept = pd.read_csv(FIGURES / f"{name}.csv", comment="#")
        pd.testing.assert_frame_equal(kept, table, check_dtype=False, rtol=1e-9)


def tables(page):
    """Tables of a page that begin with a noise level: each with its head, and its rows as dictionaries."""
    found, head = [], None
    for line in page.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []
        if not cells:
            head = None
        elif head is None:
            head = cells
            found.append((head, []))
        elif not set(cells[0]) <= set("-: "):
            found[-1][1].append(cells)
    return [(head, rows) for head, rows in found if head[0] == "σ"]


def as_printed(name, networks):
    """Cells of a column of the tables, as they should stand, for every (sigma, method)."""
    keys = ["sigma", "method"]
    accuracy = accuracy_table(networks).set_index(keys)
    gains = ablation_table(networks).set_index(keys)
    split = decomposition_table(networks).set_index(keys)

    def cell(sigma, method):
        own = accuracy.loc[(sigma, method)]
        if name == "ACR":
            return f"{own['ACR']:.3f}"
        if name == "mean p":
            if method == "gaussian":
                return f"{split.loc[(sigma, 'easy'), 'mean p, gaussian']:.3f}"
            return f"{split.loc[(sigma, method), 'mean p']:.3f}"
        if name == "gained (paired s.e.)":
            if method == "gaussian":
                return ""
            gain = gains.loc[(sigma, method)]
            return f"{gain['ACR']:.3f} ({gain['s.e. (ACR)']:.3f})"
        column = {"majority right": "majority", "certified at r = 0": "0"}.get(name, name)
        if column != "majority" and float(column) > max_radius(int(own["N"]), sigma=sigma):
            assert own[column] == 0
            return "–"
        return f"{100 * own[column]:.1f} %"

    return {key: cell(*key) for key in accuracy.index}


def test_the_table_of_the_readme_is_that_of_the_surveys(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    import generated

    expected = generated.methods_in_short().splitlines()
    text = README.read_text(encoding="utf-8").splitlines()
    start = text.index(expected[0])
    for found, made in zip(text[start:], expected, strict=False):
        for cell, own in zip(found.split(" | "), made.split(" | "), strict=True):
            if cell == own:
                continue
            # Estimates move by 1e-6 between processors: a number at the edge of a rounding may be printed either way.
            digits = len(own.partition(".")[2].split(" ")[0])
            assert abs(float(cell.strip(" %|")) - float(own.strip(" %|"))) < 1.01 * 10.0**-digits
    assert text[start + len(expected)] == ""


@pytest.mark.parametrize("page", [PAGE], ids=lambda page: page.name)
def test_numbers_of_trained_networks_are_those_of_their_logs(page, experiments):
    """ACR, what it gained with its error, accuracy, and mean p, to the last digit printed."""
    networks = [e for e in experiments if e.data == "cifar10-resnet20"]
    (head, rows) = next((head, rows) for head, rows in tables(page) if head[1] == "training")
    keys = [(float(row[0]), NAMES[row[1].partition(" (")[0]]) for row in rows]
    assert len(set(keys)) == len(rows) >= 6
    if page == PAGE:
        assert sorted(keys) == sorted((e.log.sigma, e.method) for e in networks)
    for place, column in enumerate(head[2:], 2):
        expected = as_printed(column, networks)
        assert [row[place] for row in rows] == [expected[key] for key in keys], column


def test_losses_by_difficulty_are_those_of_the_table(experiments):
    networks = [e for e in experiments if e.data == "cifar10-resnet20"]
    table = difficulty_table(networks)
    expected = []
    for _, row in table[table["method"] == "easy"].sort_values(["sigma", "decided by"]).iterrows():
        cells = [f"{row['sigma']:g}", {name: words for words, name in NAMES.items()}[row["decided by"]]]
        for kind in ("hard", "easy"):
            before = row[f"p, {kind}"] - row[f"change, {kind}"]
            change = f"{row[f'change, {kind}']:.3f} ({row[f's.e., {kind}']:.3f})".replace("-", "−")
            cells += [f"{before:.3f}", change, f"{-100 * row[f'change, {kind}'] / before:.0f} %"]
        expected.append(cells)
    assert [rows for head, rows in tables(PAGE) if head[1] == "decided by"] == [expected]


def _certifies_as_many(log, other):
    """The radius, in hundredths and rounded down, up to which the first log certifies at least as many samples."""
    radii = (k / 100 for k in range(1, 400))
    first = next(r for r in radii if log.certified_accuracy(r) < other.certified_accuracy(r))
    return first - 0.01


def test_numbers_in_the_text_on_trained_networks_are_those_of_their_logs(experiments):
    """What the section quotes, sentence by sentence, as its tables have it now."""
    networks = [e for e in experiments if e.data == "cifar10-resnet20"]
    keys = ["sigma", "method"]
    accuracy, gains, split = (
        table(networks).set_index(keys) for table in (accuracy_table, ablation_table, decomposition_table)
    )
    gradients = gradient_table(networks).set_index([*keys, "noise"])["easy/hard"].sort_index()
    share = {(e.log.sigma, e.method): e.counts / e.log.n for e in networks}
    classes = class_table(networks)

    def spread(sigma, method):
        row = split.loc[(sigma, method)]
        return f"{row['by spread']:.3f} ({row['by spread, low']:.3f} to {row['by spread, high']:.3f})"

    def points(sigma):
        row = gains.loc[(sigma, "easy")]
        return f"{-100 * row['r = 0']:.1f}", f"{100 * row['s.e. (r = 0)']:.1f}"

    def series(words):
        return f"{words[0]}, {words[1]} and {words[2]}"

    sigmas = (0.25, 0.5, 1.0)
    said = []
    for reached in (lambda p: p < 0.01, lambda p: p > 0.99):
        ends = [[f"{100 * reached(share[(s, method)]).mean():.0f}" for method in ("gaussian", "easy")] for s in sigmas]
        said.append(series([f"from {before} to {after} %" for before, after in ends]))
    majority = [accuracy["majority"][sigma] for sigma in sigmas]
    said.append(series([f"{100 * (of['gaussian'] - of['easy']):.1f}" for of in majority]))
    by_class = [
        classes[(classes["sigma"] == sigma) & (classes["method"] == "easy")].set_index("class") for sigma in sigmas
    ]
    lose = [(of["samples"] * of["change, p"])[["bird", "cat", "deer"]].sum() for of in by_class]
    samples = [of["samples"][["bird", "cat", "deer"]].sum() for of in by_class]
    said.append(series([f"{-total / size:.2f}" for total, size in zip(lose, samples, strict=True)]))
    net = [(of["samples"] * of["change, p"]).sum() for of in by_class]
    said.append(series([f"{100 * part / whole:.0f} %" for part, whole in zip(lose, net, strict=True)]))
    cats = [of.loc["cat"] for of in by_class]
    said.append(series([f"{100 * (cat['certified'] - cat['change, certified']):.0f} %" for cat in cats]))
    said.append(series([f"{100 * cat['certified']:.0f} %" for cat in cats]))
    for method in ("gaussian", "easy"):
        for noise in ("Gaussian", "attacked"):
            said.append(series([f"{gradients[(sigma, method, noise)]:.2f}" for sigma in sigmas]))
    said += [spread(0.25, "easy")]
    said += ["{} points of certified accuracy at r = 0 (standard error {})".format(*points(0.25))]
    said += ["{} ({})".format(*points(sigma)) for sigma in (0.5, 1.0)]
    said += [f"by {points(0.5)[0]} points here"]
    leads = [
        pd.read_csv(FIGURES / f"cifar10-resnet20/sigma_{sigma:g}/attribution.csv", comment="#") for sigma in sigmas
    ]
    by_p = [lead.set_index(["log", "difficulty"]).sort_index()["difference"] for lead in leads]
    kinds = (["0.5-0.9", "0.9-0.99"], ["not certified"], ["0.99-0.999", "0.999-1"])
    said += [series([f"{lead['easy'][kind].sum():.3f}" for lead in by_p]) for kind in kinds]
    said.append(series([f"{by_p[1]['gaussian-rerun'][kind].sum():.3f}".replace("-", "−") for kind in kinds]))
    mean = -split.loc[(0.25, "easy"), ["by mean", "by mean, high", "by mean, low"]]
    said.append("lose {:.3f} of ACR at σ = 0.25 (95 % interval {:.3f} to {:.3f})".format(*mean))
    logs = {(e.log.sigma, e.method): e.log for e in networks}
    ahead = [_certifies_as_many(logs[(sigma, "gaussian")], logs[(sigma, "easy")]) for sigma in sigmas]
    other = _certifies_as_many(logs[(0.5, "gaussian-rerun")], logs[(0.5, "easy")])
    said.append(f"Up to a radius of {ahead[0]:.2f} at σ = 0.25, and {ahead[2]:.2f} at σ = 1")
    said.append(f"at σ = 0.5 up to {ahead[1]:.2f} by one of its runs, up to {other:.2f} by the other")
    rerun = accuracy["ACR"][(0.5, "gaussian-rerun")]
    said += [f"{accuracy['ACR'][(0.5, m)] - rerun:.3f}" for m in ("discard", "reweigh", "attack", "easy")]
    said += [f"differs by {rerun - accuracy['ACR'][(0.5, 'gaussian')]:.3f}"]

    digits = [e for e in experiments if e.data == "digits"]
    by_method, (gain,), (parts,) = (
        table(digits).to_dict("records") for table in (accuracy_table, ablation_table, decomposition_table)
    )
    before, after = by_method
    said.append(f"accuracy falls from {100 * before['0']:.1f} to {100 * after['0']:.1f} %")
    said.append(
        f"{after['ACR']:.3f} against {before['ACR']:.3f} (standard error of the difference {gain['s.e. (ACR)']:.3f})"
    )
    said.append(f"it would lose {-parts['by mean']:.3f}; spread is worth {parts['by spread']:.3f}")

    section = " ".join(PAGE.read_text(encoding="utf-8").split())
    assert [words for words in said if words not in section] == []
