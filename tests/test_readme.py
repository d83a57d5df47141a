"""The README's example session runs and prints what it says, and its numbers of trained networks are those measured."""

import doctest
from pathlib import Path

import pandas as pd
import pytest

import rstheory
from rstheory import max_radius
from rstheory.experiments import find_experiments
from rstheory.experiments.tables import (
    ablation_table,
    accuracy_table,
    class_table,
    decomposition_table,
    difficulty_table,
    gradient_table,
)

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
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


def test_example_session():
    results = doctest.testfile(str(README), module_relative=False, optionflags=doctest.REPORT_NDIFF)
    assert results.attempted > 10
    assert results.failed == 0


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


def rows_of_readme():
    """Rows of the README's tables of trained networks: sigma, method, cells."""
    table, rows = False, []
    for line in README.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []
        if cells[:2] == ["σ", "training"]:
            table = True
        elif table and cells and not cells[0].startswith("-"):
            rows.append((float(cells[0]), NAMES[cells[1].partition(" (")[0]], cells[2:]))
        table &= bool(cells)
    return rows


def test_numbers_of_trained_networks_are_those_of_their_logs(experiments):
    """ACR, what it gained with its error, accuracy, and mean p, to the last digit printed."""
    networks = [e for e in experiments if e.data == "cifar10-resnet20"]
    keys = ["sigma", "method"]
    accuracy = accuracy_table(networks).set_index(keys)
    gains = ablation_table(networks).set_index(keys)
    split = decomposition_table(networks).set_index(keys)
    rows = rows_of_readme()
    assert sorted(row[:2] for row in rows) == sorted(accuracy.index)
    for sigma, method, cells in rows:
        own = accuracy.loc[(sigma, method)]
        percent = [f"{100 * own[r]:.1f} %" for r in ("majority", "0", "0.5", "1", "1.5")]
        for place, r in enumerate((0.5, 1, 1.5), 2):
            if r > max_radius(int(own["N"]), sigma=sigma):
                assert own[f"{r:g}"] == 0
                percent[place] = "–"
        gained, mean = "", split.loc[(sigma, "easy"), "mean p, gaussian"]
        if method != "gaussian":
            gain = gains.loc[(sigma, method)]
            gained, mean = f"{gain['ACR']:.3f} ({gain['s.e. (ACR)']:.3f})", split.loc[(sigma, method), "mean p"]
        assert cells == [f"{own['ACR']:.3f}", gained, *percent, f"{mean:.3f}"], (sigma, method)


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
    change = difficulty_table(networks).set_index([*keys, "decided by"]).sort_index()
    gradients = gradient_table(networks).set_index([*keys, "noise"])["easy/hard"].sort_index()
    share = {(e.log.sigma, e.method): e.counts / e.log.n for e in networks}
    classes = class_table(networks)

    def lost(sigma, judge, kind):
        row = change.loc[(sigma, "easy", judge)]
        return f"{-row[f'change, {kind}']:.3f} ({row[f's.e., {kind}']:.3f})"

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
    said += [series([lost(sigma, "gaussian", kind) for sigma in sigmas]) for kind in ("easy", "hard")]
    for method in ("gaussian", "easy"):
        for noise in ("Gaussian", "attacked"):
            said.append(series([f"{gradients[(sigma, method, noise)]:.2f}" for sigma in sigmas]))
    said += [lost(0.5, "gaussian-rerun", "easy") + " of 0.82", lost(0.5, "gaussian-rerun", "hard") + " of"]
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

    text = " ".join(README.read_text(encoding="utf-8").split())
    section = text[text.index("## What playing the metric does") : text.index("## Certify your own model")]
    assert [words for words in said if words not in section] == []
