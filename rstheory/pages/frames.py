"""What the charts of an audit page draw: frames of numbers, in which the logs of a group are 0, 1, 2, ...

No row of a log is in them: curves are thinned, never upwards, and all else is on a grid. Columns s0, s1, ... hold one
log each.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from rstheory._check import Float
from rstheory.audit.budget_curves import BudgetCurves
from rstheory.audit.compare import Comparison
from rstheory.audit.frames import SMALLEST_BUDGET, budget_frame
from rstheory.audit.paired import common_samples, lead
from rstheory.audit.survival import survival
from rstheory.logs.log import CertificationLog
from rstheory.pages.thin import kept_steps
from rstheory.radius import certified_radius_inverse_sf

CURVE_POINTS = 120  # of a staircase: on a chart 300 pixels high, less than three pixels apart
GRID_POINTS = 60  # of what is told at the pointer, and of a comparison
SMALLEST_TAIL = 1e-12  # drawn; what lies beyond is drawn there


def curve_frame(logs: Sequence[CertificationLog]) -> pd.DataFrame:
    """Certified accuracy as staircases with their lower band, thinned. Columns k, radius, tail, share, lower.

    Rows by ascending radius; each holds from the radius before to its own. tail is 1 - u. Shares are in %; lower is the
    95 % lower bound, for all radii at once, on the share of the population (D4).
    """
    rows = []
    for number, log in enumerate(logs):
        curve = survival(log)
        share = np.concatenate([[log.clean_accuracy], curve.share])
        kept = kept_steps(share, CURVE_POINTS)
        lower = curve.lower_population if len(curve.radius) else np.zeros(1)
        rows.append(
            pd.DataFrame(
                {
                    "k": number,
                    "radius": np.concatenate([[0.0], curve.radius])[kept],
                    "tail": np.concatenate([[0.5], _drawn(curve.tail)])[kept],
                    "share": 100 * share[kept],
                    "lower": 100 * np.concatenate([lower[:1], curve.lower_population])[kept],
                }
            )
        )
    return pd.concat(rows, ignore_index=True)


def grid_frame(logs: Sequence[CertificationLog]) -> pd.DataFrame:
    """Certified accuracy in % of every log on one grid of radii. Columns radius, tail, s0, s1, ..."""
    radius = _grid(logs)
    shares = {f"s{k}": 100 * np.asarray(log.certified_accuracy(radius)) for k, log in enumerate(logs)}
    return pd.DataFrame({**_places(radius, logs[0].sigma), **shares})


def lead_frame(logs: Sequence[CertificationLog]) -> pd.DataFrame:
    """Certified accuracy of one log minus that of another on their common samples, for each pair, in % points.

    Columns radius, tail, then for each pair, numbered as `itertools.combinations` does, the lead of its first log
    l0, l1, ... and the paired standard errors e0, e1, ...; NaN for a pair without a common sample.
    """
    radius = _grid(logs)
    columns = _places(radius, logs[0].sigma)
    for number, (a, b) in enumerate(combinations(logs, 2)):
        pair = common_samples(a, b)
        paired = lead(*pair, radius)
        none = np.nan if not pair[0].samples else 1.0
        columns |= {f"l{number}": 100 * none * paired.lead, f"e{number}": 100 * none * paired.standard_error}
    return pd.DataFrame(columns).round(4)


def budget_grid(curves: BudgetCurves, which: Sequence[int]) -> pd.DataFrame:
    """Expected ACR of every log at each budget, up to N (C7). Columns step, n, s0, s1, ...

    which: positions of the logs in `curves`.
    """
    columns = [f"s{k}" for k in range(len(which))]
    long = budget_frame(curves, which, columns)
    wide = long.pivot(index="n", columns="log", values="acr")[columns].reset_index()
    return wide.rename_axis(columns=None).rename_axis(index="step").reset_index()


def crossing_points(pairs: Sequence[tuple[int, int, Comparison]], budgets: pd.DataFrame) -> pd.DataFrame:
    """Where two curves of `budget_grid` change places. Columns a, b, n, acr.

    pairs: numbers of two logs, and how they compare. Pairs that share fewer samples than each has are left out: the
    curves drawn are not those that cross.
    """
    n = np.log(budgets["n"].to_numpy(dtype=np.float64))
    rows = [
        {"a": a, "b": b, "n": at, "acr": float(np.interp(np.log(at), n, budgets[f"s{a}"].to_numpy()))}
        for a, b, pair in pairs
        for at in pair.crossing_budgets
        if at >= SMALLEST_BUDGET
    ]
    return pd.DataFrame(rows, columns=["a", "b", "n", "acr"])


def _grid(logs: Sequence[CertificationLog]) -> Float:
    """Radii from 0 to the largest one certified."""
    largest = max((float(log.radius[log.correct].max(initial=0.0)) for log in logs), default=0.0)
    return np.linspace(0, largest if largest > 0 else 1.0, GRID_POINTS)


def _places(radius: Float, sigma: float) -> dict[str, Float]:
    """Where the numbers of a grid belong: radius and 1 - u."""
    return {"radius": radius, "tail": _drawn(np.asarray(certified_radius_inverse_sf(radius, sigma)))}


def _drawn(tail: Float) -> Float:
    return np.clip(tail, SMALLEST_TAIL, 0.5)
