"""What theory alone says of the radius and of easy-sample training, as data frames: no model is needed."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import binom

from rstheory.budget import (
    expected_radius_sf,
    expected_sensitivity_sf,
    min_certifiable_count,
    radius_from_count,
)
from rstheory.radius import certified_radius_sf, sensitivity_sf


def radius_curves() -> pd.DataFrame:
    """Radius and slope at sigma = 1 on a grid of p: columns budget, p, tail (1 - p), radius, slope."""
    tail = np.concatenate([np.linspace(1, 0.01, 199), np.geomspace(0.0099, 1e-7, 80)])
    frames = [
        pd.DataFrame(
            {
                "budget": "infinite budget",
                "radius": certified_radius_sf(tail),
                "slope": np.where(tail <= 0.5, sensitivity_sf(np.minimum(tail, 0.5)), np.nan),
            }
        )
    ]
    for exponent in (2, 3, 4, 5):
        n = 10**exponent
        frames.append(
            pd.DataFrame(
                {
                    "budget": f"$N = 10^{exponent}$",
                    "radius": expected_radius_sf(tail, n),
                    "slope": expected_sensitivity_sf(tail, n),
                }
            )
        )
    return pd.concat([frame.assign(p=1 - tail, tail=tail) for frame in frames], ignore_index=True)


def weight_curve(draws: int = 16, alpha: float = 0.1) -> pd.DataFrame:
    """E2's weight against p: its mean and its 5 % and 95 % quantiles over the draws. Columns p, weight, low, high."""
    least = int(min_certifiable_count(draws, alpha))
    counts = np.arange(draws + 1)
    radii = np.asarray(radius_from_count(np.maximum(counts, least), draws, alpha))
    weights = radii / radii[least]
    p = np.linspace(0, 1, 201)
    chance = binom.pmf(counts, draws, p[:, None])
    low, high = (weights[binom.ppf(q, draws, p).clip(0).astype(int)] for q in (0.05, 0.95))
    return pd.DataFrame({"p": p, "weight": chance @ weights, "low": low, "high": high})
