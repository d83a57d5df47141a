"""Our own certification logs: the field's six columns first, then everything needed to recompute a radius."""

from __future__ import annotations

from rstheory.audit.log import ABSTAINED
from rstheory.certify import Certificate

COLUMNS = (
    "idx",
    "label",
    "predict",
    "radius",
    "correct",
    "time",
    "count",
    "n",
    "n0",
    "alpha",
    "sigma",
    "counts",
    "seed",
)


def log_line(index: int, label: int, certificate: Certificate, seconds: float, seed: int) -> str:
    """One row, tab-separated, without a line end. The radius keeps every digit and is rounded down; predict is -1 where
    the certificate abstained.

    >>> certificate = Certificate(selected=1, counts=(10, 990), n=1000, n0=100, alpha=0.001, sigma=0.5)
    >>> log_line(7, 1, certificate, 0.25, seed=0).split("\\t")[:6]
    ['7', '1', '1', '0.9890047910705964', '1', '0.250']
    """
    predict = ABSTAINED if certificate.abstained else certificate.selected
    cells = (
        index,
        label,
        predict,
        certificate.radius,
        int(predict == label),
        f"{seconds:.3f}",
        certificate.count,
        certificate.n,
        certificate.n0,
        certificate.alpha,
        certificate.sigma,
        ",".join(map(str, certificate.counts)),
        seed,
    )
    return "\t".join(map(str, cells))
