"""What random numbers are drawn for. Numbers drawn for two of these purposes never share a seed, nor one of training.

Every draw of noise belongs to (seed, sample, purpose, draw), see `noise`. The numbers are part of every log that was
made with them: never give one of them another meaning.
"""

from __future__ import annotations

SELECTION = 0  # the n0 draws that pick the class
ESTIMATION = 1  # the n draws that count it
PREDICTION = 2  # the draws of PREDICT
MEASUREMENT = 3  # measuring p of a training image
GRADIENT = 4  # measuring the gradient norm of a training image
ATTACK = 5  # gradients of an attack on the smoothed classifier, and where it starts
JUDGEMENT = 6  # the draws of PREDICT that judge what an attack found
