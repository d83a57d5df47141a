"""Draws of noise, and the coordinates that they are a function of."""

import math
from fractions import Fraction

import torch
from hypothesis import strategies as st
from strategies import log_uniform

from rstheory.smoothing.noise import BLOCK, Draws
from rstheory.smoothing.purposes import ESTIMATION, MEASUREMENT, PREDICTION, SELECTION

SEEDS = st.sampled_from([0, 1, 2**63 - 1, 2**63, 2**64 - 1]) | st.integers(0, 2**64 - 1)
INDICES = st.sampled_from([0, 1, 2**63 - 1]) | st.integers(0, 2**63 - 1)
BLOCKS = st.sampled_from([0, 1, 2**32]) | st.integers(0, 2**63 - 1)
PURPOSES = st.sampled_from([SELECTION, ESTIMATION, PREDICTION, MEASUREMENT])
SIGMAS = st.sampled_from([0.12, 0.25, 0.5, 1.0]) | log_uniform(2.0**-499, 2.0**499)
HALF_CELL = Fraction(1, 2**53)  # the relative error of one rounding in float64


def filled(noise, index=0, purpose=ESTIMATION, block=0, rows=BLOCK):
    out = torch.full((rows, noise.dimension), math.nan, dtype=torch.float64)
    noise.fill(out, Draws(index, purpose, block, rows))
    return out.numpy()
