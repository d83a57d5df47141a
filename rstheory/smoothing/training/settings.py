"""How long and how hard to train: the defaults of the paper (theory E5), scaled to the epochs there is time for."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field

from rstheory import _check

PAPER_EPOCHS = 150


@dataclass(frozen=True)
class EasySamples:
    """Hyper-parameters of E1 to E3 for one noise level, in a schedule of 150 epochs.

    start: E_t, the epoch before which training is Gaussian. threshold: p_t, below which E1 discards. steps: T.
    step: epsilon, the L2 length of a step of the attack, for pixels in [0, 1]. every: epochs between two reweighings by
    E2. discard_draws: noise draws by which E1 measures each training image.
    """

    start: int
    threshold: float
    steps: int
    step: float
    every: int = 10
    discard_draws: int = 100

    def __post_init__(self) -> None:
        _check.at_least(0, "start", self.start)
        _check.probability("threshold", self.threshold)
        _check.positive("step", self.step)
        for name in ("steps", "every", "discard_draws"):
            _check.at_least(1, name, getattr(self, name))


PAPER = {0.25: EasySamples(60, 0.5, 3, 0.25), 0.5: EasySamples(70, 0.4, 6, 0.25), 1.0: EasySamples(60, 0.4, 4, 0.5)}


@dataclass(frozen=True)
class Settings:
    """One training run. What is not given is the paper's: ResNet-110, SGD with momentum 0.9, lr 0.1 down by 10 at a
    third and two thirds of the epochs, 256 images a step, each under `draws` noise vectors.

    sigma: noise level > 0. epochs: passes through the data; every other epoch number scales with it. draws: m, noise
    vectors a image and step. seed: of everything random. easy: E1 to E3's numbers; by default those of the nearest
    noise level that the paper has, which is exact for 0.25, 0.5 and 1.

    >>> settings = Settings(sigma=0.5, epochs=30)
    >>> settings.start, settings.every, [settings.rate(epoch) for epoch in (0, 9, 10, 20)]
    (14, 2, [0.1, 0.1, 0.01, 0.001])
    """

    sigma: float
    epochs: int = PAPER_EPOCHS
    draws: int = 4
    batch: int = 256
    learning_rate: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 1e-4
    flip_and_crop: bool = True
    dtype: str = "bfloat16"
    seed: int = 0
    easy: EasySamples = field(default=None)  # type: ignore[assignment]  # set below where it is not given

    def __post_init__(self) -> None:
        for name in ("sigma", "learning_rate"):
            _check.positive(name, getattr(self, name))
        for name in ("momentum", "weight_decay"):
            _check.non_negative(name, getattr(self, name))
        if self.momentum >= 1:
            raise ValueError(f"momentum={self.momentum} is not allowed: from 1 on, steps never fade")
        for name in ("epochs", "draws", "batch"):
            _check.at_least(1, name, getattr(self, name))
        if not 0 <= _check.scalar_int("seed", self.seed) < 2**63:
            raise ValueError(f"seed={self.seed} is not allowed: it must lie in 0..2^63 - 1")
        if self.dtype not in ("float32", "bfloat16"):
            raise ValueError(f"dtype={self.dtype!r} is not allowed: use float32, or bfloat16 for autocast")
        if self.easy is None:
            nearest = min(PAPER, key=lambda level: abs(math.log(level / self.sigma)))
            object.__setattr__(self, "easy", PAPER[nearest])

    @property
    def start(self) -> int:
        """E_t in this run's epochs: the first epoch that E1 to E3 change; never the very first, of a raw network."""
        return max(1, self._scaled(self.easy.start))

    @property
    def every(self) -> int:
        """Epochs between two reweighings in this run."""
        return max(1, self._scaled(self.easy.every))

    def rate(self, epoch: int) -> float:
        """Learning rate of an epoch, counted from 0."""
        first = max(1, self._scaled(50))  # every rate is used for one epoch at least, the largest first
        drops = sum(epoch >= milestone for milestone in (first, max(first + 1, self._scaled(100))))
        return round(self.learning_rate * 0.1**drops, 12)

    def _scaled(self, epoch: int) -> int:
        return round(epoch * self.epochs / PAPER_EPOCHS)

    def to_dict(self) -> dict[str, object]:
        """As a dictionary of numbers and text, for a checkpoint."""
        return asdict(self)
