"""The objects of the theory in ball arithmetic: every function returns an enclosure that contains the true value.

The module is the oracle of the tests and the engine of machine proofs. It imports python-flint and the standard library
only, so it shares no code, and no rounding error, with the numeric modules that it judges.

Contract of every function here:

* `k` and `n` are Python integers of any size. Every other number may be an `int`, a `float` (its exact binary value),
  a `Fraction`, a decimal `str` such as ``"1e-400"``, or a `flint.arb`. Exact numbers stay exact until the arithmetic
  starts, and precision is raised until the answer is tight (about `BITS` correct bits); a ball for an argument gives a
  ball that is valid for every point of it, as tight as that allows.
* The returned `arb` contains the true value, whatever the precision in force: `flint.ctx.prec` decides how tight, never
  whether. It is restored on return. Arithmetic that the *caller* does on the result rounds (outwards) at the caller's
  precision.
* Wrong input raises `ValueError`; a question that no affordable precision decides raises `ArithmeticError`. There is no
  approximate answer to fall back on.

Letters are those of the theory: t = 1 - p is the tail, L the Clopper-Pearson lower bound, g_N(k) the certified radius
of k successes out of N at noise level sigma.
"""

from rstheory.rigorous.binomial import (
    binomial_cdf_at,
    binomial_sf_at,
)
from rstheory.rigorous.budget import (
    expected_radius,
    expected_sensitivity,
    max_radius,
    min_certifiable_count,
    radius_from_count,
)
from rstheory.rigorous.clopper_pearson import (
    clopper_pearson_lower,
    clopper_pearson_lower_sf,
)
from rstheory.rigorous.exact import (
    BITS,
    Number,
)
from rstheory.rigorous.judge import (
    is_sound_lower,
    is_sound_lower_sf,
    is_tight_lower,
    is_tight_lower_sf,
)
from rstheory.rigorous.normal import (
    certified_radius,
    certified_radius_sf,
    normal_cdf,
    normal_quantile,
    normal_quantile_sf,
    normal_sf,
    sensitivity_sf,
)
from rstheory.rigorous.sequential import (
    crossing_probability_sf,
    is_sound_anytime_sf,
    is_sound_randomized_sf,
    log_mixture_sf,
)
from rstheory.rigorous.trivial import (
    budget_for_acr,
    log10_budget_for_acr,
    trivial_acr,
)

__all__ = [
    "BITS",
    "Number",
    "binomial_cdf_at",
    "binomial_sf_at",
    "budget_for_acr",
    "certified_radius",
    "certified_radius_sf",
    "clopper_pearson_lower",
    "clopper_pearson_lower_sf",
    "crossing_probability_sf",
    "expected_radius",
    "expected_sensitivity",
    "is_sound_anytime_sf",
    "is_sound_lower",
    "is_sound_lower_sf",
    "is_sound_randomized_sf",
    "is_tight_lower",
    "is_tight_lower_sf",
    "log10_budget_for_acr",
    "log_mixture_sf",
    "max_radius",
    "min_certifiable_count",
    "normal_cdf",
    "normal_quantile",
    "normal_quantile_sf",
    "normal_sf",
    "radius_from_count",
    "sensitivity_sf",
    "trivial_acr",
]
