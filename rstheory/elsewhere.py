"""What a certificate made on one machine is worth on another, whose network answers some noisy inputs differently.

Two machines that round differently compute two functions f and f'. If they disagree on a share eta of the noisy copies
of an image, P(f'(x + noise) = c) >= P(f(x + noise) = c) - eta, whatever they disagree about: a lower bound L on one is
a lower bound L - eta on the other. eta is bounded from answers of both machines to the *same* noisy copies, other ones
than those that were counted or the same: the two bounds need not be independent, their levels add up.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rstheory import _check
from rstheory._check import Values
from rstheory.binomial import clopper_pearson_lower_sf, clopper_pearson_upper
from rstheory.radius import certified_radius_sf


def radius_elsewhere(
    count: ArrayLike,
    n: ArrayLike,
    disagreements: ArrayLike,
    compared: ArrayLike,
    alpha: float = 1e-3,
    sigma: ArrayLike = 1.0,
) -> Values:
    """Certified radius on a second machine, of a count made on the first; 0 where nothing is certified.

    count: of n draws on the first machine, those that gave the selected class. disagreements: of `compared` noisy
    copies of the same image, drawn beforehand or not but fixed in number, those that the two machines answer
    differently. alpha: level, half of it for each bound. sigma: noise level. All broadcast but alpha.

    sigma Phi^-1(L - U), L the Clopper-Pearson lower bound of the count and U the upper one of the disagreements, both
    at alpha/2, rounded down. Guaranteed with probability at least 1 - alpha if the class was selected from other draws.

    ValueError as in `clopper_pearson_lower`.

    >>> print(f"{radius_elsewhere(9_900, 10_000, 1, 10_000):.4f}")
    2.1778
    """
    level = float(_check.level("alpha", alpha)) / 2
    tail = np.asarray(clopper_pearson_lower_sf(count, n, level))
    share = np.asarray(clopper_pearson_upper(disagreements, compared, level))
    # The sum is rounded up: one step more covers the rounding of the addition.
    total = np.minimum(np.nextafter(tail + share, np.inf), 1.0)
    return certified_radius_sf(total, sigma)
