"""E7: the numbers in tables and curves of experiments, each against the plainest way to get it."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta, binom, norm

from rstheory.audit.decomposition import decompose
from rstheory.experiments import find_experiments
from rstheory.experiments.measured import gradient_frame, gradient_table
from rstheory.experiments.tables import (
    RADII,
    ablation_table,
    accuracy_table,
    class_table,
    decomposition_table,
    difficulty_table,
)
from rstheory.experiments.theory import weight_curve
from rstheory.logs import write
from rstheory.logs.schema import Format
from rstheory.sequential.rule import FixedDraws
from rstheory.smoothing.tasks import Certify

# -- tables of experiments ------------------------------------------------------------------------------------------


def write_experiment(folder, method, counts, n=200, first=0, measured=None, draws=20, labels=None, source="toy"):
    """A log of counts of the true label, out of n, for samples first, first + 1, ...; and measurements: rows of count,
    gradient and attacked gradient. Of two classes, the true one being 0, or as given."""
    place = folder / "toy" / method
    place.mkdir(parents=True)
    true = [0] * len(counts) if labels is None else labels
    task = Certify(0.5, FixedDraws(n), n0=10)
    form = Format(
        tuple(name for name in task.form.columns if name not in ("tau", "noise", "dtype", "kernels", "software"))
    )
    lines = [form.header]
    for i, (k, label) in enumerate(zip(counts, true, strict=True)):
        votes = (k, n - k) if label == 0 else (n - k, k)
        cells = task.rows([first + i], [label], np.array([[votes, votes]]), [0.1])[0]
        lines.append(write.row(form, cells | {"weights": "abcd", "data": f"{source} test"}))
    (place / "noise_0.50.tsv").write_text("\n".join([*lines, ""]))
    if measured is not None:
        frame = pd.DataFrame(measured, columns=["count", "gradient", "gradient_attacked"])
        frame.insert(0, "label", 0)
        frame.insert(0, "idx", np.arange(len(frame)))
        made_by = f"# weights: abcd\n# sigma: 0.5\n# draws: {draws}\n"
        (place / "measured_0.50.csv").write_text(made_by + frame.to_csv(index=False))


def test_gradients_are_averaged_within_bins_of_p(tmp_path):
    """Bin i holds i/10 <= p < (i + 1)/10, and the last one p = 1 too; by integers, so that no rounding decides."""
    rng = np.random.default_rng(0)
    draws = 20
    for method in ("gaussian", "easy"):
        counts = np.concatenate([np.arange(draws + 1), rng.integers(0, draws + 1, 40), [7]])
        measured = list(zip(counts, *rng.exponential(size=(2, len(counts))), strict=True))
        write_experiment(tmp_path, method, [150, 60], measured=measured, draws=draws)
    experiments = find_experiments(tmp_path)
    frame = gradient_frame(experiments)
    rows = 0
    for e in experiments:
        for noise, column in (("Gaussian", "gradient"), ("attacked", "gradient_attacked")):
            for i in range(10):
                own = [
                    value
                    for count, value in zip(e.measured["count"], e.measured[column], strict=True)
                    if min(count * 10 // draws, 9) == i
                ]
                chosen = (frame["method"] == e.method) & (frame["noise"] == noise)
                (row,) = frame[chosen & np.isclose(frame["p"], (2 * i + 1) / 20)].to_dict("records")
                assert row["samples"] == len(own) >= 2
                assert row["norm"] == pytest.approx(sum(own) / len(own), rel=1e-12)
                variance = sum((value - sum(own) / len(own)) ** 2 for value in own) / (len(own) - 1)
                assert row["standard_error"] == pytest.approx((variance / len(own)) ** 0.5, rel=1e-12)
                rows += 1
    assert rows == len(frame)


def test_a_bin_of_one_sample_has_no_error(tmp_path):
    write_experiment(tmp_path, "gaussian", [150, 60], measured=[(3, 1.5, 2.5), (20, 1, 2), (20, 3, 4)])
    frame = gradient_frame(find_experiments(tmp_path))
    assert frame["samples"].tolist() == [1, 2, 1, 2]
    assert frame["norm"].tolist() == [1.5, 2, 2.5, 3]
    assert frame["standard_error"].isna().tolist() == [True, False, True, False]


def test_changes_on_hard_and_easy_samples_by_hand(tmp_path):
    """Of the samples that both logs and the judge hold; p = 1/2 is easy; errors are those of a mean of paired changes.
    A judge is Gaussian training, or the same trained again, and none judges itself."""
    n = 200
    base = np.array([10, 40, 90, 99, 100, 150, 190, 200, 120])  # samples 0 to 8
    own = np.array([35, 20, 110, 70, 160, 199, 200, 130, 77])  # samples 1 to 9
    again = np.array([130, 140, 60, 90, 200, 110, 20, 180])  # samples 0 to 7
    other = np.array([90, 50, 139, 120])  # samples 0 to 3
    for method, counts, first in (
        ("gaussian", base, 0),
        ("easy", own, 1),
        ("gaussian-rerun", again, 0),
        ("attack", other, 0),
    ):
        write_experiment(tmp_path, method, counts, n, first=first)
    table = difficulty_table(find_experiments(tmp_path)).set_index(["method", "decided by"])
    assert sorted(table.index) == [
        ("attack", "gaussian"),
        ("attack", "gaussian-rerun"),
        ("easy", "gaussian"),
        ("easy", "gaussian-rerun"),
        ("gaussian-rerun", "gaussian"),
    ]
    for decided_by, judge in (("gaussian", base), ("gaussian-rerun", again)):
        changes = {"hard": [], "easy": []}
        ends = {"hard": [], "easy": []}
        for sample in range(1, len(judge)):
            k, before = int(own[sample - 1]), int(base[sample])
            kind = "hard" if 2 * judge[sample] < n else "easy"
            changes[kind].append((k - before) / n)
            ends[kind].append(k / n)
        for kind, change in changes.items():
            row = table.loc[("easy", decided_by)]
            mean = sum(change) / len(change)
            variance = sum((value - mean) ** 2 for value in change) / (len(change) - 1)
            assert row[f"{kind} samples"] == len(change)
            assert row[f"p, {kind}"] == pytest.approx(sum(ends[kind]) / len(change), rel=1e-12)
            assert row[f"change, {kind}"] == pytest.approx(mean, rel=1e-12)
            assert row[f"s.e., {kind}"] == pytest.approx((variance / len(change)) ** 0.5, rel=1e-12)


def test_gains_of_a_method_by_hand(tmp_path):
    """ACR and certified accuracy gained on common samples, with errors of paired means."""
    n, alpha, sigma = 200, 1e-3, 0.5
    base = np.array([10, 140, 190, 199, 100, 150, 190, 200, 120])  # samples 0 to 8
    own = np.array([135, 20, 200, 200, 160, 199, 200, 130, 77])  # samples 1 to 9
    write_experiment(tmp_path, "gaussian", base, n)
    write_experiment(tmp_path, "easy", own, n, first=1)
    (row,) = ablation_table(find_experiments(tmp_path)).to_dict("records")
    assert row["samples"] == 8

    def radius(k):
        bound = beta.ppf(alpha, k, n - k + 1)
        return sigma * norm.ppf(bound) if bound > 0.5 else None  # None: abstained, or of another class

    pairs = [(radius(own[sample - 1]), radius(base[sample])) for sample in range(1, 9)]
    gains = {"ACR": [(a or 0) - (b or 0) for a, b in pairs]}
    for r in (0, 0.5, 1, 1.5):
        gains[f"r = {r:g}"] = [int(a is not None and a >= r) - int(b is not None and b >= r) for a, b in pairs]
    for name, gain in gains.items():
        mean = sum(gain) / 8
        assert row[name] == pytest.approx(mean, rel=1e-9, abs=1e-12)
        error = (sum((value - mean) ** 2 for value in gain) / 7 / 8) ** 0.5
        assert row[f"s.e. ({name})"] == pytest.approx(error, rel=1e-9)


def test_accuracies_by_hand(tmp_path):
    """With two classes the label has the majority where it got more than half of the draws, certified or not."""
    n, alpha, sigma = 200, 1e-3, 0.5
    counts = [10, 100, 101, 130, 180, 199, 200]
    write_experiment(tmp_path, "gaussian", counts, n)
    (row,) = accuracy_table(find_experiments(tmp_path)).to_dict("records")
    assert (row["method"], row["sigma"], row["N"], row["samples"]) == ("gaussian", sigma, n, 7)
    bounds = [beta.ppf(alpha, k, n - k + 1) for k in counts]
    radius = np.array([sigma * norm.ppf(bound) if bound > 0.5 else 0 for bound in bounds])
    assert row["ACR"] == pytest.approx(radius.mean(), rel=1e-9)
    assert row["s.e."] == pytest.approx(radius.std(ddof=1) / 7**0.5, rel=1e-9)
    assert row["majority"] == pytest.approx(5 / 7)
    for r in RADII:
        assert row[f"{r:g}"] == pytest.approx(np.mean((radius > 0) & (radius >= r)), abs=1e-12)
    assert 0 < row["0.25"] < row["0"] < row["majority"]


def test_mean_gradients_of_easy_and_hard_samples_by_hand(tmp_path):
    """p = 1/2 is neither. Without hard samples there is no ratio."""
    measured = [(10, 100, 200), (9, 4, 6), (0, 8, 2), (11, 1, 1), (15, 3, 2), (20, 2, 12)]  # of 20 draws
    write_experiment(tmp_path, "gaussian", [150, 60], measured=measured)
    write_experiment(tmp_path, "easy", [150, 60], measured=[(20, 2, 5)])
    write_experiment(tmp_path, "attack", [150, 60])
    table = gradient_table(find_experiments(tmp_path)).set_index(["method", "noise"])
    assert len(table) == 4
    for noise, easy, hard in (("Gaussian", 2, 6), ("attacked", 5, 4)):
        row = table.loc[("gaussian", noise)]
        assert (row["easy"], row["hard"], row["easy samples"], row["hard samples"]) == (easy, hard, 3, 2)
        assert row["easy/hard"] == easy / hard
    assert np.isnan(table.loc[("easy", "attacked"), "easy/hard"])
    assert table.loc[("easy", "attacked"), "easy"] == 5


def test_the_split_of_a_gain_is_of_common_samples(tmp_path):
    """Each number under its name, against the function that makes it."""
    n = 200
    base, own = np.array([10, 140, 190, 199, 100]), np.array([135, 200, 160, 199, 20])  # samples 0 to 4, and 1 to 5
    write_experiment(tmp_path, "gaussian", base, n)
    write_experiment(tmp_path, "easy", own, n, first=1)
    (row,) = decomposition_table(find_experiments(tmp_path)).to_dict("records")
    parts = decompose(own[:4], base[1:], n, 1e-3, 0.5)
    assert row == {
        "data": "toy",
        "sigma": 0.5,
        "method": "easy",
        "samples": 4,
        "ACR gained": parts.difference,
        "ACR gained, low": parts.difference_interval[0],
        "ACR gained, high": parts.difference_interval[1],
        "by mean": parts.from_mean,
        "by mean, low": parts.from_mean_interval[0],
        "by mean, high": parts.from_mean_interval[1],
        "by spread": parts.from_spread,
        "by spread, low": parts.from_spread_interval[0],
        "flat": False,
        "by spread, high": parts.from_spread_interval[1],
        "mean p": parts.mean_a,
        "mean p, gaussian": parts.mean_b,
    }
    assert len({parts.from_mean_interval, parts.from_spread_interval, parts.difference_interval}) == 3


@pytest.mark.parametrize(
    ("source", "names"),
    [("toy", ["0", "1"]), ("CIFAR-100", ["0", "1"]), ("CIFAR-10 (JPEG)", ["airplane", "automobile"])],
)
def test_changes_by_class_by_hand(tmp_path, source, names):
    """Of the samples that both logs hold. Labels are named where the log says CIFAR-10, else numbered."""
    n = 200
    base, own = np.array([10, 140, 190, 199, 100]), np.array([135, 90, 160, 20, 20])  # samples 0 to 4, and 1 to 5
    labels = [0, 1, 0, 1, 1, 0]
    write_experiment(tmp_path, "gaussian", base, n, labels=labels[:5], source=source)
    write_experiment(tmp_path, "easy", own, n, first=1, labels=labels[1:], source=source)
    experiments = find_experiments(tmp_path)
    correct = [dict(zip(e.log.index, e.log.correct, strict=True)) for e in experiments]
    assert [[int(right[i]) for i in range(1, 5)] for right in correct] == [[1, 1, 1, 0], [1, 0, 1, 0]]
    table = class_table(experiments).set_index("class")
    assert table.index.tolist() == names
    for name, row in table.iterrows():
        of = [i for i in range(1, 5) if labels[i] == names.index(name)]
        change = [(int(own[i - 1]) - int(base[i])) / n for i in of]
        certified = [float(correct[1][i]) - float(correct[0][i]) for i in of]
        assert row["samples"] == len(of)
        assert row["p"] == pytest.approx(np.mean([own[i - 1] / n for i in of]), rel=1e-12)
        assert row["change, p"] == pytest.approx(np.mean(change), rel=1e-12)
        assert row["certified"] == np.mean([correct[1][i] for i in of])
        assert row["change, certified"] == pytest.approx(np.mean(certified), rel=1e-12)
        if len(of) > 1:
            assert row["s.e., p"] == pytest.approx(np.std(change, ddof=1) / len(of) ** 0.5, rel=1e-12)
            assert row["s.e., certified"] == pytest.approx(np.std(certified, ddof=1) / len(of) ** 0.5, rel=1e-12)


# -- E2's weight ----------------------------------------------------------------------------------------------------


def test_the_curve_of_weights_is_e2s_averaged_over_the_draws():
    """Clopper and Pearson's bound as the quantile of a beta law, each count with its binomial chance."""
    radius = np.array([norm.ppf(beta.ppf(0.1, max(k, 12), 17 - max(k, 12))) for k in range(17)])
    weight = radius / radius.min()
    curve = weight_curve()
    np.testing.assert_allclose(curve["p"], np.arange(201) / 200, rtol=0, atol=1e-15)
    for p, mean, low, high in curve.itertuples(index=False):
        chance = [binom.pmf(k, 16, p) for k in range(17)]
        assert mean == pytest.approx(sum(w * c for w, c in zip(weight, chance, strict=True)), rel=1e-9)
        for found, q in ((low, 0.05), (high, 0.95)):
            assert found == pytest.approx(weight[next(k for k in range(17) if binom.cdf(k, 16, p) >= q)], rel=1e-9)
    assert curve["weight"].iloc[0] == 1
    assert curve["weight"].iloc[-1] == pytest.approx(7.21, abs=0.005)  # the paper's largest weight
