"""Folders of made-up logs for tests of the atlas, laid out as a public repository lays out its own."""

from pathlib import Path

import numpy as np
from log_files import HEADER

from rstheory import radius_from_count

N, ALPHA = 1_000, 1e-3


def log_lines(p, label, rng, n=N, alpha=ALPHA, sigma=0.5, form="{:.3}", index=None):
    """Lines of a log in the field's format: image i has label probability p[i]."""
    counts = rng.binomial(n, p)
    radius = np.asarray(radius_from_count(counts, n, alpha, sigma))
    lines = [HEADER]
    for i, (r, c) in enumerate(zip(radius, label, strict=True)):
        predict = c if r > 0 else -1
        lines.append(f"{i if index is None else index[i]}\t{c}\t{predict}\t{form.format(r)}\t{int(r > 0)}\t0:00:01")
    return lines


def write_log(folder: Path, name: str, lines) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    return path


def repository(folder: Path, images=2_000, seed=0, n=N) -> Path:
    """Gaussian training; `ours`, with easy images easier and hard ones harder; `macer`, a second run of Gaussian."""
    rng = np.random.default_rng(seed)
    label = rng.integers(10, size=images)
    z = rng.normal(1, 1.2, images)
    root = folder / "cifar10"
    from scipy.special import ndtr

    for method, spread in (("gaussian", 1.0), ("ours", 1.6), ("macer", 1.0)):
        p = ndtr(1 + (z - 1) * spread)
        write_log(root, f"{method}/noise_0.5.tsv", log_lines(p, label, rng, n))
    return folder
