"""Methods under attack: what certificates prove and what attacks find on the same networks.

A folder holds one method a folder, in it `certified_S_seedK.tsv.xz` of `rstheory certify` and `attack_*_S_seedK.tsv.xz`
of `rstheory attack`, on the network trained at noise level S from seed K. Nothing is run here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rstheory._check import Float
from rstheory.audit.sandwich import Sandwich, sandwich
from rstheory.binomial import clopper_pearson_lower, clopper_pearson_upper
from rstheory.experiments.find import BASELINE
from rstheory.logs.attack_log import read_attack_log
from rstheory.logs.read import read_log
from rstheory.radius import certified_radius
from rstheory.statistics import adjusted, mcnemar

_CERTIFIED = re.compile(r"certified_(\d+(?:\.\d+)?)_seed(\d+)\.tsv(?:\.xz|\.gz)?")
_LEVEL = 0.95
RADII = (0.0, 1.0, 2.0, 3.0)  # in multiples of sigma, at which accuracies are compared
BOUNDS = (0.5, 0.99)  # of p under Gaussian training, between hard, middle and easy images
KINDS = ("hard", "middle", "easy")


@dataclass(frozen=True, eq=False)
class Attacked:
    """One network: its certificates, and what each attack found inside and outside of them.

    method: its folder. certified_acr: ACR of its certificates. sandwiches: one per attack, with the same certificates.
    """

    method: str
    sigma: float
    seed: int
    certified_acr: float
    sandwiches: tuple[Sandwich, ...]


def find_attacked(root: Path) -> list[Attacked]:
    """All networks below a folder that were certified and attacked, Gaussian training first, then by name.

    ValueError as in `audit.sandwich`, and where networks of one noise level were attacked on different images.
    """
    found = []
    for path in sorted(root.rglob("certified_*")):
        if not (match := _CERTIFIED.fullmatch(path.name)):
            continue
        attacks = sorted(path.parent.glob(f"attack_*_{match[1]}_seed{match[2]}.tsv*"))
        if not attacks:
            continue
        log = read_log(path)
        pairs = [sandwich(log, read_attack_log(attack)) for attack in attacks]
        pairs.sort(key=lambda one: (one.attack.attack, one.attack.m))
        found.append(Attacked(path.parent.name, log.sigma, int(match[2]), log.acr, tuple(pairs)))
    for one in found:
        for pair in one.sandwiches:
            first = next(other for other in found if other.sigma == one.sigma).sandwiches[0]
            if not np.array_equal(pair.attack.index, first.attack.index):
                raise ValueError(f"{pair.attack.path} and {first.attack.path} hold different images")
    return sorted(found, key=lambda one: (one.sigma, one.method != BASELINE, one.method, one.seed))


def accuracies_table(networks: Sequence[Attacked]) -> pd.DataFrame:
    """Share of images that are certified, and share that no attack changed, at `RADII`: one row per network, attack and
    radius.

    "certified", "withstood": the two shares; the accuracy under the best attack lies between them. "low", "high": 95 %
    intervals (Clopper and Pearson) of "withstood", over images. "inside": changes of class within a certificate, which
    sound certificates do not have.
    """
    rows = []
    for one in networks:
        for pair in one.sandwiches:
            for radius in RADII:
                stood = _withstood(pair, one.sigma * radius)
                count, images = int(stood.sum()), pair.samples
                cells: dict[str, object] = _named(one, pair) | {"images": images, "radius": one.sigma * radius}
                cells |= {"certified": float(np.mean(_certified(pair, one.sigma * radius)))}
                cells |= {"withstood": count / images}
                cells |= {"low": float(clopper_pearson_lower(count, images, (1 - _LEVEL) / 2))}
                cells |= {"high": float(clopper_pearson_upper(count, images, (1 - _LEVEL) / 2))}
                rows.append(cells | {"inside": len(pair.alarms)})
    return pd.DataFrame(rows)


def kinds_table(networks: Sequence[Attacked]) -> pd.DataFrame:
    """What attacks find on images that are hard, middle and easy for Gaussian training: one row per network, attack and
    kind.

    An image is hard where Gaussian training is certified nowhere around it, easy where at the radius of p = 0.99, by
    certificates. "attacked": images given their label. "changed": of these. "certified", "found": median certified
    radius and median norm of the smallest perturbation found, over the attacked images; inf where the attack failed on
    more than half of them.
    """
    rows = []
    base = {one.sigma: one for one in networks if one.method == BASELINE}
    for one in networks:
        if one.sigma not in base:
            continue
        kind = _kinds(base[one.sigma].sandwiches[0])
        for pair in one.sandwiches:
            for place, name in enumerate(KINDS):
                tried = (kind == place) & pair.attack.correct
                cells: dict[str, object] = _named(one, pair) | {"kind": name, "images": int((kind == place).sum())}
                cells |= {"attacked": int(tried.sum()), "changed": int((tried & pair.attack.succeeded).sum())}
                cells |= {"certified": _median(pair.certified[tried]), "found": _median(pair.attacked[tried])}
                rows.append(cells)
    return pd.DataFrame(rows)


def attacked_orders(networks: Sequence[Attacked]) -> pd.DataFrame:
    """Every pair of networks of one noise level, by the share of images that no attack changed at each of `RADII`.

    Of several attacks on a network, the strongest counts for each image. "p": two-sided, by McNemar's exact test on the
    images that only one of the two withstood: whether the two networks, not the methods behind them, differ. "holm":
    the same, adjusted for all pairs and radii of the noise level.
    """
    rows: list[pd.DataFrame] = []
    for sigma in sorted({one.sigma for one in networks}):
        level = [one for one in networks if one.sigma == sigma]
        found = []
        for radius in RADII:
            stood = {one: _all_withstood(one, sigma * radius) for one in level}
            for a, b in combinations(sorted(level, key=lambda one: -int(stood[one].sum())), 2):
                only_a, only_b = int((stood[a] & ~stood[b]).sum()), int((stood[b] & ~stood[a]).sum())
                found.append(
                    {
                        "sigma": sigma,
                        "radius": sigma * radius,
                        "better": a.method,
                        "worse": b.method,
                        "more": float(np.mean(stood[a]) - np.mean(stood[b])),
                        "p": float(mcnemar(only_a, only_b)),
                    }
                )
        table = pd.DataFrame(found)
        rows.append(table.assign(holm=adjusted(table["p"], "holm")) if len(table) else table)
    return pd.concat(rows, ignore_index=True) if rows else pd.DataFrame()


def _named(one: Attacked, pair: Sandwich) -> dict[str, object]:
    named: dict[str, object] = {"sigma": one.sigma, "method": one.method, "seed": one.seed}
    return named | {"attack": pair.attack.attack, "m": pair.attack.m}


def _certified(pair: Sandwich, radius: float) -> NDArray[np.bool_]:
    """Which images are certified to keep their label at this distance: at 0, around the image at all."""
    return (pair.certified > 0) if radius == 0 else (pair.certified >= radius)


def _withstood(pair: Sandwich, radius: float) -> NDArray[np.bool_]:
    """Which images PREDICT gives their label, and no perturbation of at most this norm changed it."""
    return pair.attack.correct & (pair.attacked > radius)


def _all_withstood(one: Attacked, radius: float) -> NDArray[np.bool_]:
    stood = [_withstood(pair, radius) for pair in one.sandwiches]
    return np.asarray(np.all(stood, axis=0))


def _kinds(pair: Sandwich) -> NDArray[np.intp]:
    """Place in `KINDS` of each image, by its certificate."""
    easy = float(certified_radius(BOUNDS[1], pair.certificates.sigma))
    return np.where(pair.certified >= easy, 2, np.where(pair.certified > 0, 1, 0))


def _median(values: Float) -> float:
    """The upper median: inf counts as a value. NaN of nothing."""
    return float(np.sort(values)[len(values) // 2]) if len(values) else float("nan")
