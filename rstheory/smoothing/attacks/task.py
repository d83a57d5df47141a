"""What an attack run is: its settings, its log's columns, and the level that its answers have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count

from rstheory import _check
from rstheory.certify import Prediction
from rstheory.logs.attack_log import judgements
from rstheory.logs.schema import ATTACK_LOG, Format
from rstheory.smoothing.attacks.apgd import APGD
from rstheory.smoothing.attacks.pgd import PGD
from rstheory.smoothing.attacks.search import Found, Method

METHODS: Mapping[str, type[PGD] | type[APGD]] = {PGD.name: PGD, APGD.name: APGD}


@dataclass(frozen=True)
class Attack:
    """Settings of an attack on the smoothed classifier, in the L2 norm, for pixels in [0, 1].

    sigma: noise level.
    eps: largest norm of a perturbation.
    method: the attack within a norm.
    m: noise draws per gradient. The strength of an attack grows with it, and by how much depends on the network: two
    networks are compared fairly only where more draws change nothing (theory J3).
    restarts: attacks at each norm.
    halvings: of the interval between the largest norm that failed and the smallest that succeeded.
    n: draws of PREDICT, which judges each perturbed image.
    alpha: probability, per image, that any of PREDICT's answers is not the smoothed classifier's. Each single one is
    asked at alpha divided by the number of them.
    seed: of all draws.

    >>> task = Attack(sigma=0.5, eps=2.0)
    >>> task.judgements, f"{task.level(0.0):.3g}", task.cells["attack"]
    (10, '0.001', 'pgd')
    """

    sigma: float
    eps: float
    method: Method = PGD()  # noqa: RUF009  # frozen
    m: int = 16
    restarts: int = 1
    halvings: int = 8
    n: int = 1000
    alpha: float = 1e-3
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("sigma", "eps"):
            _check.positive(name, getattr(self, name))
        for name, least in (("m", 1), ("restarts", 1), ("halvings", 0), ("n", 1), ("seed", 0)):
            _check.at_least(least, name, getattr(self, name))
        _check.level("alpha", self.alpha)
        if Prediction((self.n, 0), self.judgement_level).abstained:
            least = next(n for n in count(self.n + 1) if not Prediction((n, 0), self.judgement_level).abstained)
            raise ValueError(
                f"n={self.n} is not allowed: PREDICT would always abstain at alpha={self.alpha:g} shared by"
                f" {self.judgements} judgements; take at least {least}"
            )

    @property
    def judgements(self) -> int:
        """The most times that PREDICT is asked about one image."""
        return judgements(self.halvings, self.restarts)

    @property
    def judgement_level(self) -> float:
        """The level of a single judgement."""
        return self.alpha / self.judgements

    @property
    def form(self) -> Format:
        """Columns of its log."""
        return ATTACK_LOG

    @property
    def cells(self) -> dict[str, str]:
        """Identity columns of its log, without the origin and without `together`."""
        names = ("m", "restarts", "halvings", "eps", "n", "alpha", "sigma", "seed")
        named = {"attack": self.method.name, "steps": str(self.method.steps)}
        return named | {name: str(getattr(self, name)) for name in names}

    def level(self, tau: float) -> float:
        """The level, per image, that holds with noise as drawn, within tau of Gaussian. ValueError above 2 alpha."""
        level = self.alpha + self.judgements * self.n * tau
        if level > 2 * self.alpha:
            raise ValueError(
                f"n={self.n} is not allowed here: the noise is Gaussian up to tau={tau:.1e}, so that {self.judgements}"
                f" times so many draws would raise the level from alpha={self.alpha:g} to {level:.2g}; take fewer"
            )
        return level

    def row(self, index: int, label: int, found: Found, seconds: float) -> dict[str, object]:
        """Cells of one row, without the origin and without `together`."""
        cells: dict[str, object] = {
            "idx": index,
            "label": label,
            "predict": found.predict,
            "correct": int(found.predict == label),
            "time": f"{seconds:.3f}",
            "counts": ",".join(map(str, found.counts)),
            "norm": found.norm,
            "found": found.found,
            "attacked_counts": ",".join(map(str, found.attacked_counts)),
            "abstain_norm": found.abstain_norm,
            "judged": found.judged,
        }
        return cells | dict(self.cells)
