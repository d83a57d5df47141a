"""Logs that prove less than they say: each fault is found on logs that have it, and honest ones are left alone."""

from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from log_files import codes, write
from scipy.stats import binom

from rstheory import min_certifiable_count, radius_from_count, read_log
from rstheory.binomial import clopper_pearson_lower, clopper_pearson_upper
from rstheory.logs.claims import level_proved
from rstheory.logs.finding import CODES, NOTES

N, N0, ALPHA, SIGMA, CLASSES = 1_000, 100, 0.001, 0.5, 10
HEADER = "idx label predict radius correct time count n n0 alpha sigma counts seed".replace(" ", "\t")
CLAIMS = ("selection-reused", "several-looks", "noise-level-per-image", "two-class-level", "two-class-radius")


def probabilities(rng, images, hard=0.5):
    """Label probabilities: `hard` of the images have two classes close together, the others one that leads."""
    p = rng.dirichlet(np.full(CLASSES, 0.3), images)
    close = rng.random(images) < hard
    p[close] *= 0.1
    p[close, 0] += 0.46
    p[close, 1] += 0.44
    return p / p.sum(axis=1, keepdims=True)


@lru_cache
def radii(n):
    """At sigma = 1, for every count."""
    return np.asarray(radius_from_count(np.arange(n + 1), n, ALPHA))


@lru_cache
def bounds(n, level):
    """Lower and upper bounds, for every count."""
    k = np.arange(n + 1)
    return np.asarray(clopper_pearson_lower(k, n, level)), np.asarray(clopper_pearson_upper(k, n, level))


def line(i, counts, first, n, sigma=SIGMA, radius=None):
    count = int(counts[first])
    r = sigma * float(radii(n)[count]) if radius is None else radius
    predict = first if r > 0 else -1
    cells = (i, 0, predict, repr(r), int(predict == 0), "0", count, n, N0, ALPHA, sigma,
             ",".join(map(str, counts)), 7)  # fmt: skip
    return "\t".join(map(str, cells))


def honest(rng, images=300, n=N):
    """CERTIFY: other draws choose the class."""
    lines = [HEADER]
    for i, p in enumerate(probabilities(rng, images)):
        first = int(rng.multinomial(N0, p).argmax())
        lines.append(line(i, rng.multinomial(n, p), first, n))
    return lines


def reused(rng, images=300):
    """The class that leads among the draws that are counted."""
    lines = [HEADER]
    for i, p in enumerate(probabilities(rng, images)):
        counts = rng.multinomial(N, p)
        lines.append(line(i, counts, int(counts.argmax()), N))
    return lines


def counted_twice(rng, images=300):
    """Selection draws stay among those that are counted."""
    lines = [HEADER]
    for i, p in enumerate(probabilities(rng, images)):
        selection = rng.multinomial(N0, p)
        counts = selection + rng.multinomial(N, p)
        first = int(selection.argmax())
        text = line(i, counts, first, N + N0)
        lines.append("\t".join(cell if k != 7 else str(N) for k, cell in enumerate(text.split("\t"))))
    return lines


def looks(rng, images=400):
    """100 draws; more, up to 1,000, where these certify nothing: each look a bound at alpha."""
    lines = [HEADER]
    for i, p in enumerate(probabilities(rng, images)):
        first = int(rng.multinomial(N0, p).argmax())
        counts = rng.multinomial(100, p)
        n = 100
        while n < 1_000 and not radii(n)[counts[first]] > 0:
            counts = counts + rng.multinomial(300, p)
            n += 300
        lines.append(line(i, counts, first, n))
    return lines


def two_budgets(rng, images=400):
    """The first half of the images with another budget than the second, fixed beforehand."""
    lines = [HEADER]
    for i, p in enumerate(probabilities(rng, images)):
        n = 500 if i < images // 2 else N
        first = int(rng.multinomial(N0, p).argmax())
        lines.append(line(i, rng.multinomial(n, p), first, n))
    return lines


def two_classes(rng, share, images=300):
    """sigma/2 (Phi^-1(L_A) - Phi^-1(U_B)), each bound at share x alpha."""
    from scipy.special import ndtri

    lines = [HEADER]
    for i, p in enumerate(probabilities(rng, images, hard=0.2)):
        first = int(rng.multinomial(N0, p).argmax())
        counts = rng.multinomial(N, p)
        rival = int(np.delete(counts, first).max())
        lower, upper = bounds(N, share * ALPHA)
        low, high = lower[counts[first]], upper[rival]
        radius = max(0.0, 0.5 * SIGMA * float(ndtri(low) - ndtri(high)))
        lines.append(line(i, counts, first, N, radius=radius))
    return lines


def best_of_levels(rng, images=200):
    """The noise level whose radius is largest, for each image."""
    lines = [HEADER]
    for i, p in enumerate(probabilities(rng, images)):
        first = int(rng.multinomial(N0, p).argmax())
        tried = [(sigma, rng.multinomial(N, p)) for sigma in (0.25, 0.5)]
        sigma, counts = max(tried, key=lambda t: t[0] * radii(N)[t[1][first]])
        lines.append(line(i, counts, first, N, sigma=sigma))
    return lines


def found(tmp_path, lines):
    log = read_log(write(tmp_path, lines, "log.tsv"))
    return log, [finding for finding in log.warnings if finding.code in CLAIMS]


FAULTS = {
    "selection-reused": (reused, 2),
    "several-looks": (looks, 4),
    "noise-level-per-image": (best_of_levels, 2),
    "two-class-level": (lambda rng: two_classes(rng, 1.0), 2),
    "two-class-radius": (lambda rng: two_classes(rng, 0.5), 1),
}


@pytest.mark.parametrize("code", FAULTS)
def test_each_fault_is_found(tmp_path, code):
    """Three logs each, fixed seeds: all of them are told, with the level that is left."""
    make, factor = FAULTS[code]
    for seed in range(3):
        log, claims = found(tmp_path, make(np.random.default_rng(seed)))
        assert [claim.code for claim in claims] == [code]
        assert claims[0].factor == factor
        assert level_proved(log) == pytest.approx(factor * ALPHA)
        if factor > 1:
            assert f"{factor} alpha is proved, which is {factor * ALPHA:g}, not alpha=0.001" in claims[0].message


def test_selection_draws_that_are_counted_are_found(tmp_path):
    log, claims = found(tmp_path, counted_twice(np.random.default_rng(0)))
    assert [claim.code for claim in claims] == ["selection-reused"]
    assert "add up to n + n0: the 100 draws that chose the class are counted, too" in claims[0].message
    assert level_proved(log) == 2 * ALPHA


@pytest.mark.parametrize("make", [honest, two_budgets], ids=["CERTIFY", "two budgets"])
def test_honest_logs_are_left_alone(tmp_path, make):
    """30 logs each; every test has a false alarm of about 1e-6 per log. Fixed seeds."""
    for seed in range(30):
        log, claims = found(tmp_path, make(np.random.default_rng(1_000 + seed)))
        assert claims == []
        assert level_proved(log) == ALPHA


def test_a_log_without_close_calls_says_nothing_of_its_selection(tmp_path):
    """Where one class always leads by far, the leading one is chosen either way."""
    rng = np.random.default_rng(0)
    lines = [HEADER]
    for i in range(100):
        counts = rng.multinomial(N, [0.5, *[0.5 / 9] * 9])
        lines.append(line(i, counts, 0, N))
    _, claims = found(tmp_path, lines)
    assert claims == []


def test_logs_without_counts_claim_nothing(tmp_path):
    log = read_log(write(tmp_path, ["idx\tlabel\tpredict\tradius\tcorrect", "0\t1\t1\t0.5\t1", "1\t1\t-1\t0\t0"]))
    assert not set(codes(log)) & set(CLAIMS)


def test_codes_are_stable():
    assert set(CLAIMS) <= set(CODES)
    assert "two-class-radius" in NOTES
    assert not set(CLAIMS[:4]) & set(NOTES)


simplex = st.lists(st.floats(0.001, 1), min_size=2, max_size=6).map(lambda w: np.array(w) / np.sum(w))


def chance_of_a_false_certificate(p, n, alpha):
    """Upper bound on P(some class gets a count that certifies more than its p), by the union of the classes; exact."""
    k = np.arange(n + 1)
    bound = np.asarray(clopper_pearson_lower(k, n, alpha))
    total = 0.0
    for p_c in p:
        wrong = (bound > p_c) & (bound > 0.5)
        first = int(np.argmax(wrong)) if wrong.any() else n + 1
        total += float(binom.sf(first - 1, n, p_c))
    return total


@given(simplex, st.integers(5, 300), st.sampled_from([0.3, 0.05, 0.001]))
def test_a_class_chosen_from_the_counted_draws_costs_a_factor_of_two_and_no_more(p, n, alpha):
    """Whichever class is reported, at whatever number of classes: below 2 alpha."""
    assert chance_of_a_false_certificate(p, n, alpha) <= 2 * alpha * (1 + 1e-9)


def test_and_that_factor_is_needed():
    """Two classes of 1/2 each: the leading one is certified with 1.73 alpha at N = 1,000, 1.9 and more at larger N."""
    least = int(min_certifiable_count(1_000, 0.001))
    chance = 2 * float(binom.sf(least - 1, 1_000, 0.5))  # never both
    assert chance == pytest.approx(chance_of_a_false_certificate([0.5, 0.5], 1_000, 0.001))
    assert 1.7 * 0.001 < chance < 2 * 0.001


@pytest.mark.parametrize(("counts", "count"), [("1", 1), ("0", 0), ("0,0,0", 0)])
def test_counts_that_name_no_second_class_claim_nothing(tmp_path, counts, count):
    path = tmp_path / "log.tsv"
    head = "idx label predict radius correct time count n n0 alpha sigma counts seed".replace(" ", "\t")
    path.write_text(f"{head}\n0\t0\t-1\t0.0\t0\t0\t{count}\t200\t10\t0.001\t0.5\t{counts}\t0\n")
    assert [finding.code for finding in read_log(path).warnings] == ["counts-mismatch"]
