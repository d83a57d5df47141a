"""Randomized smoothing with torch: data, models, noise, certification, training."""
