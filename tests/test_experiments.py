"""F3 and E7: the split of an ACR difference, gradient norms, and the report on experiments."""

import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import rstheory
from rstheory import expected_radius, expected_sensitivity, radius_from_count
from rstheory.audit.decomposition import decompose
from rstheory.cli import app
from rstheory.experiments import doubts, find_experiments
from rstheory.experiments.measured import gradient_frame, gradient_table
from rstheory.experiments.tables import (
    ablation_table,
    accuracy_table,
    decomposition_table,
    difficulty_table,
)
from rstheory.experiments.theory import radius_curves
from rstheory.plots.experiments import p_distribution, radius_and_sensitivity
from rstheory.plots.report import write_report
from rstheory.smoothing.data import Dataset
from rstheory.smoothing.training import Attack, Perturbation
from rstheory.smoothing.training.gradients import gradient_norms

ZOO = Path(rstheory.__file__).parent / "zoo"

# -- F3 -------------------------------------------------------------------------------------------------------------


@settings(max_examples=30)  # each resamples 4,000 times
@given(st.data(), st.integers(1, 500))
def test_the_parts_add_up_and_change_sign_with_the_models(data, n):
    size = data.draw(st.integers(2, 8))
    counts = st.lists(st.integers(0, n), min_size=size, max_size=size)
    a, b = (np.array(data.draw(counts)) for _ in range(2))
    parts = decompose(a, b, n, sigma=0.5)
    radius = [np.mean(radius_from_count(k, n, 1e-3, 0.5)) for k in (a, b)]
    assert parts.difference == pytest.approx(radius[0] - radius[1], abs=1e-13)
    assert parts.from_mean + parts.from_spread == pytest.approx(parts.difference, abs=1e-13)
    swapped = decompose(b, a, n, sigma=0.5)
    for name in ("difference", "from_mean", "from_spread"):
        assert getattr(swapped, name) == pytest.approx(-getattr(parts, name), abs=1e-13)
        low, high = getattr(parts, f"{name}_interval")
        assert low <= high
        assert getattr(swapped, f"{name}_interval") == pytest.approx((-high, -low), abs=1e-13)


@given(st.integers(50, 2000), st.floats(0, 1), st.integers(0, 200))
def test_a_mean_preserving_spread_is_all_spread(n, middle, distance):
    """C5: moved apart at the same mean, two samples gain ACR, and none of it by the mean."""
    k = round(middle * n)
    d = min(distance, k, n - k)
    parts = decompose(np.array([k - d, k + d]), np.array([k, k]), n)
    assert parts.from_mean == 0
    assert parts.from_spread == parts.difference >= -1e-12


def test_a_shift_of_equal_samples_is_nearly_all_mean():
    n = 100_000
    parts = decompose(np.full(5, 97_000), np.full(5, 95_000), n)
    assert parts.from_mean == pytest.approx(float(expected_radius(0.97, n) - expected_radius(0.95, n)))
    assert abs(parts.from_spread) < 1e-3 * parts.difference


@pytest.mark.parametrize(("power", "low"), [(0.5, 0.7), (0.9, 0.29)])
def test_intervals_hold_the_population(power, low):
    """Of 95 % intervals from 60 simulated test sets, 46 or fewer hold the population's value with a chance of 1e-6. In
    the second case the means of p lie on both sides of 1/2, where slopes tell nothing. Seed fixed."""
    rng = np.random.default_rng(0)
    n = 200

    def counts(size):
        p = rng.beta(3 * low, 0.9, size)
        return rng.binomial(n, p**power), rng.binomial(n, p)

    population = decompose(*counts(8000), n)
    found = [decompose(*counts(200), n) for _ in range(60)]
    for name in ("difference", "from_mean", "from_spread"):
        value = getattr(population, name)
        ends = [getattr(parts, f"{name}_interval") for parts in found]
        assert sum(low <= value <= high for low, high in ends) > 46, name


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [([1, 2], [1], "2 counts cannot be compared with 1"), ([1], [1], "two samples"), ([1, 9], [1, 2], r"k\[1\]=9")],
)
def test_bad_counts_are_refused(a, b, message):
    with pytest.raises(ValueError, match=message):
        decompose(np.array(a), np.array(b), 5)


# -- E7 -------------------------------------------------------------------------------------------------------------


def toy():
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 3))
    images = torch.randint(0, 256, (5, 1, 2, 2), dtype=torch.uint8)
    return model, Dataset(images, torch.tensor([0, 1, 2, 0, 1]), ("a", "b", "c"), "toy")


def test_gradient_norms_of_a_linear_network_in_closed_form():
    """Gradient of the cross entropy with respect to weights and biases: (softmax - one hot) times (input, 1)."""
    model, data = toy()
    drawn = []

    class Keeping(Perturbation):
        def noise(self, step, state):
            drawn.append((step.images + step.noise).flatten(2).squeeze(1).double())
            return step.noise

    found = gradient_norms(model, data, range(5), sigma=0.3, draws=6, seed=1, attack=Keeping())
    weight, bias = (value.double() for value in model[1].parameters())
    for inputs, label, norm in zip(drawn, data.labels, found, strict=True):
        assert inputs.shape == (6, 4)
        error = torch.softmax(inputs @ weight.T + bias, 1)
        error[:, label] -= 1
        expected = (error.T @ inputs / 6).square().sum() + error.mean(0).square().sum()
        assert float(norm) == pytest.approx(float(expected.sqrt().detach()), rel=1e-5)


def test_gradient_norms_depend_on_the_seed_and_the_sample_alone():
    model, data = toy()
    options = {"sigma": 0.3, "draws": 4, "seed": 1}
    whole = gradient_norms(model, data, range(5), **options)
    assert torch.equal(gradient_norms(model, data, [3, 1], **options), whole[[3, 1]])
    assert not torch.equal(gradient_norms(model, data, range(5), **(options | {"seed": 2})), whole)
    assert model.training
    assert all(parameter.grad is None for parameter in model.parameters())


def test_the_attack_makes_gradients_of_easy_samples_larger_on_average():
    model, data = toy()
    options = {"sigma": 0.05, "draws": 8, "seed": 1}
    labels = model(data.inputs(torch.arange(5))).argmax(1)
    data = Dataset(data.images, labels, data.classes, data.name)  # every sample is right
    before = gradient_norms(model, data, range(5), **options)
    after = gradient_norms(model, data, range(5), attack=Attack(0, 3, 0.05), **options)
    assert after.mean() > before.mean()


# -- the report -----------------------------------------------------------------------------------------------------


def test_the_shipped_experiments_show_what_the_readme_says():
    experiments = [e for e in find_experiments(ZOO) if e.data == "digits"]
    assert [e.method for e in experiments] == ["gaussian", "easy"]
    accuracy = accuracy_table(experiments)
    assert accuracy["ACR"][1] > accuracy["ACR"][0]
    assert accuracy["0"][1] < accuracy["0"][0]
    gained = decomposition_table(experiments).iloc[0]
    assert gained["by mean, high"] < 0 < gained["by spread, low"]
    (ablation,) = ablation_table(experiments).to_dict("records")
    assert ablation["ACR"] == pytest.approx(accuracy["ACR"][1] - accuracy["ACR"][0])
    assert ablation["r = 0"] == pytest.approx(accuracy["0"][1] - accuracy["0"][0])
    (hard,) = difficulty_table(experiments).to_dict("records")
    assert hard["hard samples"] + hard["easy samples"] == 450
    total = sum(hard["p, " + kind] * hard[f"{kind} samples"] for kind in ("hard", "easy")) / 450
    assert total == pytest.approx(gained["mean p"])
    assert hard["change, hard"] < -2 * hard["s.e., hard"]
    ratios = gradient_table(experiments)["easy/hard"].to_numpy().reshape(2, 2)
    assert (ratios[:, 1] > ratios[:, 0]).all()  # attacked noise gives easy samples more of the gradient
    frame = gradient_frame(experiments)
    assert frame["samples"].sum() == 4 * len(experiments[0].measured)


def test_report_is_complete_and_repeats_itself(tmp_path):
    experiments = [e for e in find_experiments(ZOO) if e.data == "digits"]
    contents = []
    for folder in ("a", "b"):
        written = write_report(experiments, tmp_path / folder)
        assert len(set(written)) == len(written)
        contents.append({file.relative_to(tmp_path / folder): file.read_bytes() for file in written})
    assert contents[0] == contents[1]
    names = {file.stem for file in contents[0]}
    assert names >= {
        "radius_and_sensitivity", "p_distribution", "sampling_weight", "gradient_norms", "gain_by_mean_and_spread",
        "accuracy", "gradients", "decomposition", "survival", "radius_accuracy", "acr_by_budget", "attribution",
        "ranks", "difficulty", "ablation", "classes",
    }  # fmt: skip
    for file, content in contents[0].items():
        if file.suffix == ".txt":
            assert len(content) > 60
            assert not re.search(rb"\b[A-F]\d\b", content)  # the theory's codes, which no reader of a caption knows
        if file.suffix == ".csv":
            assert content.startswith(b"# rstheory: ")
    caption = (tmp_path / "a/digits/sigma_0.5/p_distribution.txt").read_text()
    assert "digits test" in caption
    assert "N = 10,000, alpha = 0.001, 450 samples" in caption


def test_slopes_of_finite_budgets_level_off_within_the_figure():
    curves = radius_curves()
    assert curves["budget"].unique().tolist() == ["infinite budget", *(f"$N = 10^{k}$" for k in (2, 3, 4, 5))]
    assert (curves["tail"] >= 1e-7).all()
    for budget, rows in curves.groupby("budget"):
        near = rows.sort_values("tail")
        last, before = (float(np.interp(tail, near["tail"], near["slope"])) for tail in (1e-7, 1e-6))
        assert (last > 5 * before) if budget == "infinite budget" else (last == pytest.approx(before, rel=0.2))
    p, slope, radius = (curves.loc[curves["budget"] == "$N = 10^3$", name] for name in ("p", "slope", "radius"))
    assert radius.to_numpy() == pytest.approx(expected_radius(p, 1000), abs=1e-12)
    assert slope.to_numpy() == pytest.approx(expected_sensitivity(p, 1000), rel=1e-6, abs=1e-12)
    right = radius_and_sensitivity(curves).axes[1]
    assert right.get_xscale() == "log"
    assert right.get_xlim() == (0.5, curves["tail"].min())  # easy samples to the right


@pytest.mark.parametrize("methods", [1, 2, 7])
def test_every_method_has_its_histogram_of_p(methods):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        [(f"m{i}", p) for i in range(methods) for p in rng.beta(1 + i, 1, 50)], columns=["method", "p"]
    )
    figure = p_distribution(frame, "title")
    survival, *histograms = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_title("left") for axes in histograms] == [f"m{i}" for i in range(methods)]
    first = histograms[0].patches[0].get_data().values
    for i, axes in enumerate(histograms):
        own, outline = (patch.get_data().values for patch in axes.patches)
        p = frame.loc[frame["method"] == f"m{i}", "p"]
        assert own.tolist() == [np.mean((p >= low / 20) & (p < (low + 1) / 20)) for low in range(20)]
        assert outline.tolist() == first.tolist()
    labels = [line.get_label() for line in survival.get_lines()]
    assert labels[:methods] == [f"m{i}" for i in range(methods)]


def test_command_line_draws_and_refuses(tmp_path):
    result = CliRunner().invoke(app, ["figures", str(tmp_path), "--out", str(tmp_path / "out")])
    assert result.exit_code == 2
    assert "no experiment below it" in result.stderr


@pytest.fixture
def folder(tmp_path):
    """The digits of the zoo, to be spoilt."""
    shutil.copytree(ZOO / "digits", tmp_path / "zoo" / "digits")
    return tmp_path / "zoo"


def test_a_folder_of_one_data_set_is_named_by_itself(folder):
    assert {e.data for e in find_experiments(folder / "digits")} == {e.data for e in find_experiments(folder)}


def test_two_logs_of_one_method_are_refused(folder):
    log = folder / "digits" / "easy" / "noise_0.50.tsv"
    shutil.copy(log, log.with_name("noise_0.50_again.tsv"))
    with pytest.raises(ValueError, match="are of one method, data set and noise level"):
        find_experiments(folder)


@pytest.mark.parametrize(("name", "value"), [("weights", "0123456789abcdef"), ("sigma", "0.25")])
def test_measurements_of_another_network_are_refused(folder, name, value):
    csv = folder / "digits" / "easy" / "measured_0.50.csv"
    csv.write_text(re.sub(rf"# {name}: .*", f"# {name}: {value}", csv.read_text()))
    with pytest.raises(ValueError, match=rf"was measured at {name}={value}, the log beside it at"):
        find_experiments(folder)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("# draws: 100", "# draws: abc", "its draws, columns or rows are missing"),
        ("# draws: 100", "# draws: 0", "its draws, columns or rows are missing"),
        ("# draws: 100", "# a remark without its value", "its draws, columns or rows are missing"),
        (r"(?s)(gradient_attacked\n).*", r"\1", "its draws, columns or rows are missing"),
        (r"\n(\d+),(\d+),\d+,", r"\n\1,\2,101,", r"row 1 has count=101, .*: counts lie in 0\.\.100"),
        (r"\n(\d+),(\d+),\d+,", r"\n\1,\2,-1,", "row 1 has count=-1"),
        (r"\n(\d+,\d+,\d+),[^,]+,", r"\n\1,,", "row 1 has .*gradient=nan"),
        (r"\n(\d+,\d+,\d+),[^,]+,", r"\n\1,much,", "row 1 has .*gradient=much"),
        (r"\n(\d+,\d+,\d+),[^,]+,", r"\n\1,inf,", "row 1 has .*gradient=inf"),
    ],
)
def test_spoilt_measurements_are_refused(folder, old, new, message):
    csv = folder / "digits" / "easy" / "measured_0.50.csv"
    text, changed = re.subn(old, new, csv.read_text(), count=1)
    assert changed
    csv.write_text(text)
    with pytest.raises(ValueError, match=rf"measured_0\.50\.csv: .*{message}"):
        find_experiments(folder)


def test_a_remark_in_measurements_does_no_harm(folder):
    csv = folder / "digits" / "easy" / "measured_0.50.csv"
    before = find_experiments(folder)
    csv.write_text("# measured by hand\n" + csv.read_text())
    after = find_experiments(folder)
    assert all(a.measured.equals(b.measured) for a, b in zip(before, after, strict=True))


def test_a_log_outside_any_methods_folder_is_refused(folder):
    with pytest.raises(ValueError, match="lies in no folder of a method"):
        find_experiments(folder / "digits" / "easy")


@pytest.mark.parametrize("cells", [6, 11, 12])  # before the column of the counts, and within it
def test_a_log_cut_short_is_refused(folder, cells):
    log = folder / "digits" / "easy" / "noise_0.50.tsv"
    lines = log.read_text().splitlines(keepends=True)
    last = lines[-1].split("\t")[:cells]
    lines[-1] = "\t".join(last[:11] + [cell[:3] for cell in last[11:]])
    log.write_text("".join(lines))
    with pytest.raises(ValueError, match="a row was cut short"):
        find_experiments(folder)


def test_logs_that_differ_in_samples_are_told_of(folder):
    assert doubts(find_experiments(folder)) == []
    log = folder / "digits" / "easy" / "noise_0.50.tsv"
    log.write_text("".join(log.read_text().splitlines(keepends=True)[:101]))
    (doubt,) = doubts(find_experiments(folder))
    assert "hold different samples (gaussian 450, easy 100)" in doubt
    assert decomposition_table(find_experiments(folder))["samples"].tolist() == [100]
    result = CliRunner().invoke(app, ["figures", str(folder), "--out", str(folder / "out")])
    assert result.exit_code == 0
    assert doubt in result.stderr
    content = log.read_text().splitlines(keepends=True)
    log.write_text(
        content[0] + "".join(f"{10_000 + i}{line[line.index(chr(9)) :]}" for i, line in enumerate(content[1:]))
    )
    with pytest.raises(ValueError, match="share no sample"):
        decomposition_table(find_experiments(folder))


def test_measure_writes_what_figures_read(tmp_path):
    model = ZOO / "digits" / "gaussian" / "model_0.50.safetensors"
    arguments = ["measure", "--checkpoint", model, "--data", "digits", "--sigma", 0.5, "--skip", 200, "--draws", 20]
    out = tmp_path / "measured_0.50.csv"
    result = CliRunner().invoke(app, [*map(str, arguments), "--out", str(out)])
    assert result.exit_code == 0, result.output
    frame = pd.read_csv(out, comment="#")
    assert list(frame) == ["idx", "label", "count", "gradient", "gradient_attacked"]
    assert frame["idx"].tolist() == list(range(0, 1347, 200))
    assert frame["count"].between(0, 20).all()
    assert "# draws: 20\n" in out.read_text()
    result = CliRunner().invoke(app, [*map(str, arguments), "--out", str(out)])
    assert result.exit_code == 2
    assert "exists: choose another file" in result.stderr
