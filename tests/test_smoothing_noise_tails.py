"""Tails of noise: where generators are cut, what a cut takes (theory C10), the law of the draws."""

import math

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from noise_draws import filled
from scipy import special, stats
from strategies import log_uniform

from rstheory.smoothing.noise import Noise, cut_tail_variation


def test_largest_values_of_the_others():
    """cuRAND's uniforms in double precision start at 2^-54, those of torch's CPU `randn` in float32 at 2^-24."""
    assert round(math.sqrt(108 * math.log(2)), 2) == 8.65
    assert 5.768 < math.sqrt(48 * math.log(2)) < 5.7684


def test_float32_randn_is_cut():
    """The reason for noise of our own. 3e7 normal draws would exceed 5.7684 with probability 0.2; these never can."""
    generator = torch.Generator().manual_seed(0)
    largest = max(float(torch.randn(10**6, generator=generator).abs().max()) for _ in range(30))
    assert 5.2 < largest <= np.float32(math.sqrt(48 * math.log(2)))


def test_law_of_the_draws():
    """2e7 draws of 51 blocks against N(0, 1): the far tail, 256 bins of equal probability, and what neighbouring
    vectors, blocks and samples have in common. Seed fixed; false-alarm rate 1e-6 each, 2e-6 for the bins."""
    noise, blocks = Noise(1, 0.5, 3072), 51
    far, bins, near, total = 0, np.zeros(256, np.int64), np.zeros(2), 0
    before = None
    for block in range(blocks):
        z = filled(noise, index=block // 10, block=block % 10).ravel()
        total += z.size
        far += int(np.count_nonzero(np.abs(z) > 4.5))
        bins += np.bincount((special.ndtr(z) * 256).astype(np.intp), minlength=256)
        near += [z[3072:] @ z[:-3072], 0.0 if before is None else z @ before]
        before = z
    p = 2 * special.ndtr(-4.5)
    assert stats.binom.ppf(5e-7, total, p) <= far <= stats.binom.isf(5e-7, total, p)
    assert stats.chi2.ppf(1e-6, 255) < ((bins - total / 256) ** 2).sum() / (total / 256) < stats.chi2.isf(1e-6, 255)
    assert (np.abs(near) < 4.9 * math.sqrt(total)).all()


@given(cutoff=log_uniform(1e-3, 30), dimension=st.integers(1, 10**7))
@example(cutoff=5.768, dimension=3072)
def test_cut_tail_variation_is_what_the_cut_takes(cutoff, dimension):
    with mpmath.workdps(60):
        exact = float(-mpmath.expm1(dimension * mpmath.log1p(-mpmath.erfc(mpmath.mpf(cutoff) / mpmath.sqrt(2)))))
    # At 30 deviations one rounding of the cutoff's square, 900, already moves the tail by 450 2^-52 = 1e-13.
    assert cut_tail_variation(cutoff, dimension) == pytest.approx(exact, rel=1e-12, abs=0)


def test_cut_tail_variation_where_next_to_nothing_is_left():
    assert cut_tail_variation(1e-300, 1) == 1
    assert cut_tail_variation(1e-9, 3072) == 1


def test_cut_tail_variation_of_float32_randn():
    assert f"{cut_tail_variation(5.768, 3072):.1e}" == "2.5e-05"
    assert f"{cut_tail_variation(12.22, 3072):.0e}" == "7e-31"


@given(cutoff=log_uniform(1e-3, 30), more=log_uniform(1e-3, 10), d=st.integers(1, 10**6), extra=st.integers(1, 10**6))
def test_cut_tail_variation_is_monotone(cutoff, more, d, extra):
    here = cut_tail_variation(cutoff, d)
    assert 0 < here <= 1
    assert cut_tail_variation(cutoff + more, d) <= here <= cut_tail_variation(cutoff, d + extra)
    if here < 0.99:
        assert cut_tail_variation(cutoff + more, d) < here < cut_tail_variation(cutoff, d + extra)
