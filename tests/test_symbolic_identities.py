"""`rstheory.symbolic`: the identities hold, and wrong ones are refused."""

from dataclasses import replace

import pytest
import sympy as sp

from rstheory import symbolic
from rstheory.symbolic import Identity, K, M, N, p, q, sigma, v, z

IDENTITIES = symbolic.identities()
NAMES = [f"{identity.item} {identity.name}" for identity in IDENTITIES]


@pytest.mark.parametrize("identity", IDENTITIES, ids=NAMES)
def test_difference_is_exactly_zero(identity):
    assert identity.difference is sp.S.Zero


@pytest.mark.parametrize("identity", IDENTITIES, ids=NAMES)
def test_spoiled_identity_is_refused(identity):
    """Neither a wrong factor nor a wrong term is simplified away, so a zero says something about the two sides."""
    assert replace(identity, right=identity.right + sp.Rational(1, 10**6)).difference != 0
    if identity.right != 0:
        assert replace(identity, right=identity.right * sp.Rational(1_000_001, 1_000_000)).difference != 0


def test_every_promised_item_has_an_identity():
    assert {identity.item for identity in IDENTITIES} == {"A1", "A2", "A3", "A4", "B2", "B3", "B4", "B5", "C2"}
    assert len(set(NAMES)) == len(NAMES)
    for n in range(1, 7):
        assert f"C2 slope, N = {n}" in NAMES


PLAUSIBLE_BUT_WRONG = {
    "R' without the square root of pi": (
        symbolic.sensitivity(),
        sigma * sp.sqrt(2) * sp.exp(sp.erfinv(2 * p - 1) ** 2),
    ),
    "R' = sigma phi(z), not divided": (symbolic.sensitivity(), sigma * symbolic.density(symbolic.quantile(p))),
    "R'' with exp(z^2/2)": (symbolic.curvature().subs(p, symbolic.cdf(z)), 2 * sp.pi * sigma * z * sp.exp(z**2 / 2)),
    "R(1-p) = R(p)": (symbolic.radius().subs(p, 1 - symbolic.cdf(z)), sigma * z),
    "the printed reciprocal is the budget (B3)": (symbolic.budget(), symbolic.printed_budget_ratio().subs(K, 1 / q)),
    "the reciprocal gives back M (B3)": (symbolic.trivial_acr().subs(N, 1 / symbolic.budget()), M),
    "slope with the weights of Bin(N, p)": (
        sp.diff(symbolic.expected_value([v[j] for j in range(4)]), p),
        3 * symbolic.expected_value([v[1] - v[0], v[2] - v[1], v[3] - v[2], 0]),
    ),
    "slope with N - 1 in front": (
        sp.diff(symbolic.expected_value([v[j] for j in range(4)]), p),
        sp.Rational(2, 3) * symbolic.bernstein_slope([v[j] for j in range(4)]),
    ),
}


@pytest.mark.parametrize("name", PLAUSIBLE_BUT_WRONG)
def test_plausible_but_wrong_is_refused(name):
    left, right = PLAUSIBLE_BUT_WRONG[name]
    assert Identity("wrong", name, left, right).difference != 0


@pytest.mark.parametrize("identity", IDENTITIES, ids=NAMES)
def test_both_sides_agree_in_numbers(identity):
    """SymPy's word is not taken for it: both sides, unsimplified, at one irregular point in 50 digits."""
    symbols = sorted((identity.left.atoms(sp.Symbol) | identity.right.atoms(sp.Symbol)) - {v.label}, key=str)
    values = {symbol: sp.Rational(3 + 2 * i, 29 + i) for i, symbol in enumerate(symbols)}  # p, alpha, ... in (0, 1)
    values |= {symbolic.k: 2, N: 7} | {v[j]: sp.Rational(j * j + 1, 3) for j in range(8)}
    left, right = (side.subs(values).evalf(50) for side in (identity.left, identity.right))
    assert abs(left - right) < 1e-45  # 50 digits less a few of cancellation
