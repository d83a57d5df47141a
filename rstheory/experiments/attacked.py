"""Methods under attack: what certificates prove and what attacks find on the same networks.

A folder holds one method a folder, in it `certified_S_seedK.tsv.xz` of `rstheory certify` and `attack_*_S_seedK.tsv.xz`
of `rstheory attack`, on the network trained at noise level S from seed K. Nothing is run here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

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
SURE = 0.99  # p under Gaussian training from which on an image is sure
KINDS = ("uncertified", "certified", "sure")


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

    ValueError as in `audit.sandwich`, where networks of one noise level were attacked on different images, and where
    two of them are of one method.
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
        if sum((other.method, other.sigma) == (one.method, one.sigma) for other in found) > 1:
            raise ValueError(f"{root}: {one.method} was attacked from several seeds at sigma={one.sigma:g}: keep one")
        for pair in one.sandwiches:
            first = next(other for other in found if other.sigma == one.sigma).sandwiches[0]
            if not np.array_equal(pair.attack.index, first.attack.index):
                raise ValueError(f"{pair.attack.path} and {first.attack.path} hold different images")
    return sorted(found, key=lambda one: (one.sigma, one.method != BASELINE, one.method, one.seed))


def accuracies_table(networks: Sequence[Attacked]) -> pd.DataFrame:
    """Share of images that are certified, and share that no attack changed, at `RADII`: one row per network, attack and
    radius.

    "certified", "withstood": the two shares; the accuracy under the best attack lies between them. "low", "high": 95 %
    intervals (Clopper and Pearson) of "withstood", over images. "answered": the share on which no attack made PREDICT
    abstain either. "change", "change, answered": "withstood" and "answered" minus those of Gaussian training under the
    same attack, with 95 % intervals from the images that they have in common; NaN without. "inside": changes of class
    within a certificate, which sound certificates do not have.
    """
    rows = []
    for one in networks:
        base = next((other for other in networks if (other.method, other.sigma) == (BASELINE, one.sigma)), None)
        for pair in one.sandwiches:
            reference = (
                next((other for other in base.sandwiches if _attack(other) == _attack(pair)), None) if base else None
            )
            for radius in (one.sigma * multiple for multiple in RADII):
                stood, answered = _withstood(pair, radius), _answered(pair, radius)
                count, images = int(stood.sum()), pair.samples
                cells: dict[str, object] = _named(one, pair) | {"images": images, "radius": radius}
                cells |= {"certified": float(np.mean(_certified(pair, radius))), "withstood": count / images}
                cells |= {"low": float(clopper_pearson_lower(count, images, (1 - _LEVEL) / 2))}
                cells |= {"high": float(clopper_pearson_upper(count, images, (1 - _LEVEL) / 2))}
                cells |= {"answered": float(np.mean(answered))}
                if reference is not None and one is not base:
                    cells |= _change("change", stood, _withstood(reference, radius))
                    cells |= _change("change, answered", answered, _answered(reference, radius))
                rows.append(cells | {"inside": len(pair.alarms)})
    return pd.DataFrame(rows)


def kinds_table(networks: Sequence[Attacked]) -> pd.DataFrame:
    """What attacks find on images by what Gaussian training is certified of: one row per network, attack and kind.

    An image is uncertified where Gaussian training is certified nowhere around it, sure where it is at the radius of
    p = 0.99, and else certified. "attacked": images given their label. "changed": of these. "certified", "found":
    median certified radius and median norm of the smallest perturbation found, over the attacked images; inf where the
    attack failed on more than half of them.
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

    Only attacks that all of them had count, and of several the strongest for each image. "p": two-sided, by McNemar's
    exact test on the images that only one of the two withstood: whether the two networks, not the methods behind them,
    differ. "holm": the same, adjusted for all pairs and radii of the noise level.
    """
    rows: list[pd.DataFrame] = []
    for sigma in sorted({one.sigma for one in networks}):
        level = [one for one in networks if one.sigma == sigma]
        shared = set.intersection(*({_attack(pair) for pair in one.sandwiches} for one in level))
        found = []
        for radius in (sigma * multiple for multiple in RADII) if shared else ():
            stood = {one: _all_withstood(one, shared, radius) for one in level}
            for a, b in combinations(sorted(level, key=lambda one: -int(stood[one].sum())), 2):
                only_a, only_b = int((stood[a] & ~stood[b]).sum()), int((stood[b] & ~stood[a]).sum())
                found.append(
                    {
                        "sigma": sigma,
                        "radius": radius,
                        "better": a.method,
                        "worse": b.method,
                        "more": float(np.mean(stood[a]) - np.mean(stood[b])),
                        "p": float(mcnemar(only_a, only_b)),
                    }
                )
        table = pd.DataFrame(found, columns=["sigma", "radius", "better", "worse", "more", "p"])
        rows.append(table.assign(holm=adjusted(table["p"], "holm")))
    return pd.concat(rows, ignore_index=True)


def _attack(pair: Sandwich) -> tuple[str, int, int]:
    """What tells one attack from another."""
    return pair.attack.attack, pair.attack.m, pair.attack.steps


def _change(name: str, own: NDArray[np.bool_], reference: NDArray[np.bool_]) -> dict[str, float]:
    """Mean difference over the same images, with its 95 % interval by the normal law."""
    difference = own.astype(float) - reference
    half = float(ndtri((1 + _LEVEL) / 2) * difference.std(ddof=1) / np.sqrt(len(difference)))
    mean = float(difference.mean())
    return {name: mean, f"{name}, low": mean - half, f"{name}, high": mean + half}


def _named(one: Attacked, pair: Sandwich) -> dict[str, object]:
    named: dict[str, object] = {"sigma": one.sigma, "method": one.method, "seed": one.seed}
    return named | {"attack": pair.attack.attack, "m": pair.attack.m}


def _certified(pair: Sandwich, radius: float) -> NDArray[np.bool_]:
    """Which images are certified to keep their label at this distance: at 0, around the image at all."""
    return (pair.certified > 0) if radius == 0 else (pair.certified >= radius)


def _withstood(pair: Sandwich, radius: float) -> NDArray[np.bool_]:
    """Which images PREDICT gives their label, and no perturbation of at most this norm changed it."""
    return pair.attack.correct & (pair.attacked > radius)


def _answered(pair: Sandwich, radius: float) -> NDArray[np.bool_]:
    """Which of these no perturbation of at most this norm made PREDICT abstain on, either."""
    return _withstood(pair, radius) & (pair.attack.abstain_norm > radius)


def _all_withstood(one: Attacked, attacks: Set[tuple[str, int, int]], radius: float) -> NDArray[np.bool_]:
    stood = [_withstood(pair, radius) for pair in one.sandwiches if _attack(pair) in attacks]
    return np.asarray(np.all(stood, axis=0))


def _kinds(pair: Sandwich) -> NDArray[np.intp]:
    """Place in `KINDS` of each image, by its certificate."""
    sure = float(certified_radius(SURE, pair.certificates.sigma))
    return np.where(pair.certified >= sure, 2, np.where(pair.certified > 0, 1, 0))


def _median(values: Float) -> float:
    """The upper median: inf counts as a value. NaN of nothing."""
    return float(np.sort(values)[len(values) // 2]) if len(values) else float("nan")
