"""Gaussian noise as a pure function of (seed, sample index, draw number), and how nearly Gaussian it is (theory C10).

Counts must not depend on batch size, order, sharing or a resume, so each block of `BLOCK` draws of one sample has a
counter of its own: draw number j is vector j % BLOCK of block j // BLOCK. Draws for different purposes lie in
disjoint ranges of counters.

What the network sees. A finite-precision generator has a discrete law, and the total variation distance between a
discrete law and the normal law is 1, whatever the generator: taken by the letter, C10 says nothing. So the noisy image
is computed in float64 and *rounded to a grid* of spacing h (sigma/1024 < h <= sigma/512) before the network sees it.
Rounding noisy inputs to a grid is Voracek and Hein's idea (ICLR 2023, arXiv 2207.07209), who show that without it false
certificates exist; they draw from a discrete law with fair coins, where we keep a fast generator and bound its error.
The certified base classifier is v -> network(round(v)), a fixed function of the real vector v, and what counts is the
distance between two laws on the grid: that of round(x + drawn noise) and that of round(x + N(0, sigma^2 I)). That
distance is at most `Noise.tau`, about 7e-9 for a CIFAR-10 image at sigma = 0.5.

On the CPU the generator is NumPy's ziggurat (Marsaglia and Tsang 2000; 256 layers, 52-bit abscissae, exact tail beyond
3.654) on Philox4x64 (Salmon et al., SC 2011), whose key is (seed, sample index). Its tails are full: the largest value
it can return is 12.2. On CUDA it is cuRAND's Box-Muller in double precision, up to 8.65. torch's own CPU `randn` in
float32 ends at 5.768, which alone costs 2.5e-5 at d = 3072: see `cut_tail_variation`.

Why tau is what it is. Let a = sigma/h, 512 <= a < 1024, and b = x/h, both exact. Let Z be normal, built by the ziggurat
of exact layers from real uniforms whose first 52 bits are the drawn ones. In layer i, of width X_i < 4, proposals of Z
are uniform on [0, X_i), and the computed a z + b stands within a X_i 2^-52 (the unseen bits, to one side) and
2^-53 ((2 + e_i) a X_i + |a z + b|) of a Z + b: three roundings, and NumPy's table of widths, wrong by e_i 2^-53
(e_i = 70 in the narrowest layer). The two round alike unless a half-integer lies between, with probability at most

    (1 + 2/(a X_i)) 2^-52 ((4 + e_i) a X_i + |b|) < 0.65 2^-48 (a + |b|/8)

on average over the layers, 0.7% refused proposals included: the mean of X_i is 1.60, of e_i X_i 3.9, of 1/X_i 0.8. The
acceptance tests of wedges and tail are reached by 1.5 in 100 coordinates and differ from those of real numbers with
probability 2^-42 at most; these, the values of the tail, and rectangles that end up to 15 2^-52 off add less than 1/100
of that. tests/test_smoothing_noise_ziggurat.py measures these numbers. Over d coordinates with |b| <= 1/h the sum is
below tau = d 2^-48 (a + 1/(8h)). Box-Muller with 53-bit uniforms u has radius sqrt(-2 ln u), which the unseen bits move
by 2^-53/(r u), on average over u by 8.6 * 2^-53; with its roundings it stays below the same expression.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass

import numpy as np
import torch
from scipy.special import ndtr

from rstheory import _check

BLOCK = 128  # draws that share a counter

_BITS = 2.0**-48
_CERTIFICATION = 0x6E6F697365  # "noise"


@dataclass(frozen=True, slots=True)
class Draws:
    """Draws of one block: `rows` of them, from row `first` of the block on.

    index: number of the sample in its data set.
    purpose: what they are drawn for, see `purposes`.
    """

    index: int
    purpose: int
    block: int
    rows: int
    first: int = 0


class Begun:
    """Generators of blocks that are half drawn, each standing at a row of its block; the latest ones only.

    A generator cannot jump to a row: it has to draw the rows before. Any thread may call.
    """

    _MOST = 2**14

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._generators: dict[tuple[int, int, int, int], np.random.Generator] = {}

    def take(self, draws: Draws) -> np.random.Generator | None:
        """The generator that stands where these draws begin, if it is there; it is the caller's then."""
        with self._lock:
            return self._generators.pop((draws.index, draws.purpose, draws.block, draws.first), None)

    def keep(self, draws: Draws, generator: np.random.Generator) -> None:
        """Keep the generator that made these draws, unless the block ends with them."""
        if (row := draws.first + draws.rows) == BLOCK:
            return
        with self._lock:
            if len(self._generators) >= self._MOST:
                del self._generators[next(iter(self._generators))]
            self._generators[draws.index, draws.purpose, draws.block, row] = generator


@dataclass(frozen=True)
class Noise:
    """The noise of one run: N(0, sigma^2 I) on inputs of `dimension` numbers, in draws fixed by `seed`.

    sigma: noise level > 0, for pixels in [0, 1]. dimension: channels x height x width. seed: 0 <= seed < 2^64.

    >>> noise = Noise(seed=0, sigma=0.5, dimension=3072)
    >>> print(f"{1 / noise.grid:.0f} {noise.tau:.1e}")
    1024 7.0e-09
    """

    seed: int
    sigma: float
    dimension: int

    def __post_init__(self) -> None:
        _check.positive("sigma", self.sigma)
        if not 2.0**-500 < self.sigma < 2.0**500:
            raise ValueError(f"sigma={self.sigma} is not allowed: noise is drawn for sigma between 2^-500 and 2^500")
        if not 0 <= _check.scalar_int("seed", self.seed) < 2**64:
            raise ValueError(f"seed={self.seed} is not allowed: it must lie in 0..2^64 - 1")
        _check_dimension(self.dimension)

    @property
    def grid(self) -> float:
        """Spacing h of the grid that noisy inputs are rounded to: the power of two in (sigma/1024, sigma/512]."""
        return 2.0 ** (math.frexp(self.sigma)[1] - 10)

    @property
    def tau(self) -> float:
        """Bound on the total variation distance between what the network sees and what it would see under N(0,
        sigma^2 I) in exact arithmetic, for inputs in [0, 1]. See the head of this module for the proof."""
        return self.dimension * _BITS * (self.sigma / self.grid + 1 / (8 * self.grid))

    def fill(self, out: torch.Tensor, draws: Draws, begun: Begun | None = None) -> None:
        """Write standard normal draws into `out`.

        out: float64, contiguous, shape (draws.rows, dimension).
        begun: generators of blocks that earlier calls left half drawn, used and kept up to date. They save time where
        blocks are drawn in parts, and change nothing else.
        """
        if out.device.type == "cpu":
            rng = None if begun is None else begun.take(draws)
            if rng is None:
                rng = np.random.Generator(
                    np.random.Philox(
                        key=np.array([self.seed, draws.index], dtype=np.uint64),
                        counter=np.array([0, 0, draws.block, draws.purpose], dtype=np.uint64),
                    )
                )
                for _ in range(draws.first):  # how many numbers a draw takes is not known before it is drawn
                    rng.standard_normal(out=out.numpy()[0])
            rng.standard_normal(out=out.numpy())
            if begun is not None:
                begun.keep(draws, rng)
        else:
            generator = torch.Generator(out.device).manual_seed(cuda_seed(self.seed, draws))
            # A whole block always: how cuRAND's draws are laid out depends on how many are asked for.
            if draws.rows == BLOCK:
                out.normal_(generator=generator)
                return
            block = torch.empty((BLOCK, self.dimension), dtype=torch.float64, device=out.device)
            out.copy_(block.normal_(generator=generator)[draws.first : draws.first + draws.rows])


def cuda_seed(seed: int, draws: Draws) -> int:
    """Seed of a block's generator on CUDA.

    The first word sets it apart from the seeds of training, which begin with the run's own: a sequence of words and the
    same with zeros behind it are one seed to NumPy, so that the first block of a sample would share the noise of the
    epoch of that number, and a certificate must not depend on what the network was trained on.

    >>> cuda_seed(0, Draws(7, 1, 0, 128)) == cuda_seed(0, Draws(7, 1, 1, 128))
    False
    """
    words = (_CERTIFICATION, seed, draws.index, draws.purpose, draws.block)
    return int(np.random.SeedSequence(words).generate_state(1, np.uint64)[0]) >> 1


def generator_name(device: torch.device) -> str:
    """Name of the generator used on a device, as the log says it; devices whose generator is unknown are refused.

    >>> generator_name(torch.device("cpu"))
    'philox4x64-ziggurat-f64'
    """
    names = {"cpu": "philox4x64-ziggurat-f64", "cuda": "cuda-philox4x32-boxmuller-f64-v2"}
    if device.type not in names:
        raise ValueError(f"device={device} is not allowed: noise with known tails exists for {' and '.join(names)}")
    return names[device.type]


def level_with_noise_error(alpha: float, n: int, tau: float) -> float:
    """The level that a Clopper-Pearson bound at `alpha` really has when the noise is within tau of Gaussian (C10).

    Bin(n, p + tau) is what is counted where Bin(n, p) is meant, and P(Bin(n, p) >= k)/p^k falls in p. So where p >= 1/2

        P(Bin(n, p + tau) >= k) <= (1 + tau/p)^k P(Bin(n, p) >= k) <= (1 + 2 tau)^n P(Bin(n, p) >= k),

    and a radius, which says p > 1/2, is wrong with probability at most alpha (1 + 2 tau)^n. The other way to account
    for it, certifying with L - tau at the same level, is `certified_radius_sf(t + tau)`; it gives every radius a digit
    that nobody can recompute from the count alone. May exceed 1, and then says nothing.

    The same holds for every stopping rule of level alpha that makes at most n draws. A sequence of draws with k
    successes is at most (1 + tau/p)^k times as probable under p + tau as under p, so the factor covers every event. If
    instead the draws' own probability p' is below p, a bound above p is above p', too: probability at most alpha.

    >>> print(f"{level_with_noise_error(1e-3, 100_000, 7e-9):.7f}")
    0.0010014
    """
    _check.level("alpha", alpha)
    draws = _check.float_budget("n", n)
    _check.non_negative("tau", tau)
    with np.errstate(over="ignore"):
        return float(alpha * np.exp(draws * np.log1p(2 * tau)))


def cut_tail_variation(cutoff: float, dimension: int) -> float:
    """Total variation distance to N(0, I) that noise has at least, if no coordinate exceeds `cutoff` standard
    deviations: 1 - (2 Phi(c) - 1)^d (C10).

    >>> print(f"{cut_tail_variation(5.768, 3072):.1e}")
    2.5e-05
    """
    _check.positive("cutoff", cutoff)
    _check_dimension(dimension)
    with np.errstate(divide="ignore"):  # a cutoff near 0 leaves nothing of the law: log 0
        return float(-np.expm1(dimension * np.log1p(-2 * ndtr(-cutoff))))


def _check_dimension(dimension: int) -> None:
    if _check.scalar_int("dimension", dimension) < 1:
        raise ValueError(f"dimension={dimension} is not allowed: an input has at least one number")
