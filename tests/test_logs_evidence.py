"""What the largest radii say about N, alpha and sigma: never used in silence where they contradict it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from log_files import HEADER, codes, own_lines, row, write

from rstheory import max_radius, radius_from_count
from rstheory.logs.read import read_log


def made(folder, n, sigma, alpha=0.001, name="noise_0.50.tsv", form="{:.3}", samples=400, seed=0, easy=0.5):
    """A log of a model whose probabilities follow Beta(2, easy): the smaller, the more at the largest radius."""
    rng = np.random.default_rng(seed)
    radius = np.asarray(radius_from_count(rng.binomial(n, rng.beta(2, easy, samples)), n, alpha, sigma))
    lines = [
        row(i, form.format(r) if r else "0.0", predict=3 if r else -1, correct=int(r > 0)) for i, r in enumerate(radius)
    ]
    return write(folder, [HEADER, *lines], name)


@pytest.mark.parametrize("n", [1_000, 2_000, 10_000, 20_000, 50_000])
@pytest.mark.parametrize("sigma", [0.12, 0.25, 0.5, 1.0])
def test_a_budget_that_is_not_the_default_is_read_from_the_ladder(tmp_path, n, sigma):
    log = read_log(made(tmp_path, n, sigma, name=f"noise_{sigma}.tsv", easy=0.1))
    assert log.n == n
    (finding,) = (finding for finding in log.warnings if finding.code == "budget-against-radii")
    tied = int(np.sum(log.radius == log.radius.max()))
    assert f"{tied} rows tie at {log.radius.max():.4g}, none above: the largest radius of N={n:,}" in finding.message
    assert "which is used; if that is wrong, pass n (--n)" in finding.message
    assert log.assumed == ("alpha",)


@pytest.mark.parametrize("form", ["{:.3}", "{:.4f}", "{!r}"])
def test_the_default_is_assumed_where_nothing_contradicts_it(tmp_path, form):
    log = read_log(made(tmp_path, 100_000, 0.5, form=form, easy=0.1))
    assert (log.n, log.assumed) == (100_000, ("n", "alpha"))
    assert "budget-against-radii" not in codes(log)


def test_what_the_user_says_is_used_and_the_contradiction_told(tmp_path):
    path = made(tmp_path, 10_000, 0.5, easy=0.1)
    log = read_log(path, n=100_000)
    assert (log.n, log.assumed) == (100_000, ("alpha",))
    (finding,) = (finding for finding in log.warnings if finding.code == "budget-against-radii")
    assert "N=100,000 is given, and used, but" in finding.message
    assert codes(read_log(path, n=10_000)) == ["rounded-radius"]


def test_another_level_is_read_from_the_ladder(tmp_path):
    log = read_log(made(tmp_path, 10_000, 0.5, alpha=0.01, form="{:.6f}", easy=0.1))
    assert (log.n, log.alpha, log.assumed) == (10_000, 0.01, ())


@pytest.mark.parametrize("sigma", [0.25, 0.5, 1.0])
def test_half_the_field_s_level_is_read_from_the_ladder(tmp_path, sigma):
    """As where two certificates share alpha. Many ties at the top alone would also fit N = 40,000 at alpha = 0.05."""
    log = read_log(made(tmp_path, 100_000, sigma, alpha=0.0005, name=f"noise_{sigma}.tsv", easy=0.1))
    assert (log.n, log.alpha, log.assumed) == (100_000, 0.0005, ("n",))
    (finding,) = (finding for finding in log.warnings if finding.code == "budget-against-radii")
    assert "the largest radius of N=100,000 and alpha=0.0005" in finding.message


def test_without_ties_full_precision_tells(tmp_path):
    """Each radius is a rung of its own budget, wherever it stands: the largest one must be the top."""
    n = 10_000
    radii = radius_from_count(n - np.array([0, 1, 2, 5, 9, 30]), n, 0.001, 0.5)
    log = read_log(write(tmp_path, [HEADER, *(row(i, repr(float(r))) for i, r in enumerate(radii))]))
    assert log.n == n


@given(st.integers(0, 10**6), st.sampled_from(["{:.3}", "{:.4f}", "{!r}"]), st.sampled_from([0.25, 0.5, 1.0]))
def test_logs_of_the_default_budget_are_left_alone(tmp_path_factory, seed, form, sigma):
    """Hard images, so that none reaches the largest radius: nothing is made up about another budget.

    Chance: 20 radii on the rungs of one of some six round budgets within reach, at most 1e-4 each; the seeds are drawn.
    """
    path = made(tmp_path_factory.getbasetemp(), 100_000, sigma, name=f"noise_{sigma}.tsv", form=form, seed=seed, easy=2)
    assert read_log(path).n == 100_000


@pytest.mark.parametrize(
    ("name", "sigma"), [("sigma_25", 0.25), ("noise_12.tsv", 0.12), ("noise_50", 0.5), ("sigma_100", 1)]
)
def test_noise_levels_named_in_hundredths(tmp_path, name, sigma):
    path = made(tmp_path, 100_000, sigma, name=name)
    log = read_log(path)
    assert log.sigma == sigma
    (finding,) = (finding for finding in log.warnings if finding.code == "sigma-against-radii")
    assert f"taken as certified at sigma={sigma:g}" in finding.message
    as_said = read_log(path, sigma=100 * sigma)
    assert as_said.sigma == 100 * sigma
    assert "sigma-against-radii" in codes(as_said)


def test_a_large_noise_level_that_its_radii_bear_out_is_believed(tmp_path):
    log = read_log(made(tmp_path, 100_000, 25, name="noise_25"))
    assert (log.sigma, "sigma-against-radii" in codes(log)) == (25, False)


def test_a_column_that_is_absurd_is_told(tmp_path):
    lines = [f"{HEADER}\tsigma", *(f"{row(i, f'{0.1 + i / 40:.3}')}\t25" for i in range(30))]
    log = read_log(write(tmp_path, lines, "x.tsv"))
    assert log.sigma == 25
    assert "sigma-against-radii" in codes(log)


def test_ties_at_the_top_of_another_noise_level_are_told(tmp_path):
    log = read_log(made(tmp_path, 100_000, 0.25, name="noise_0.50", easy=0.1))
    (finding,) = (finding for finding in log.warnings if finding.code == "sigma-against-radii")
    assert log.sigma == 0.5, "the name may be right: the radii alone do not settle it"
    assert "sigma=0.5 is used, but" in finding.message
    assert f"{max_radius(100_000, 0.001, 0.25):.3}" in finding.message
    assert "at sigma=0.25; if that is right, pass sigma (--sigma)" in finding.message


def test_counts_beside_the_radii_leave_nothing_to_guess(tmp_path):
    log = read_log(write(tmp_path, own_lines([1000] * 30, n=1000)))
    assert log.warnings == ()
    assert log.assumed == ()
