"""Rows of our own logs: the field's six columns first, then everything needed to recompute a radius."""

from __future__ import annotations

from collections.abc import Mapping

from rstheory.certify import Certificate
from rstheory.logs.schema import ABSTAINED, Format


def row(form: Format, cells: Mapping[str, object]) -> str:
    """One line of a log of this format, tab-separated, without a line end.

    cells: column -> what stands in it. ValueError if they are not those of the format.

    >>> row(Format(("idx", "label", "counts")), {"label": 3, "idx": 7, "counts": "10,990"})
    '7\\t3\\t10,990'
    """
    if set(cells) != set(form.columns):
        raise ValueError(f"cells of {sorted(cells)} are not allowed: the columns are {', '.join(form.columns)}")
    return "\t".join(str(cells[name]) for name in form.columns)


def certificate_cells(index: int, label: int, certificate: Certificate, seconds: float, seed: int) -> dict[str, object]:
    """What CERTIFY found for one sample, by column. The radius keeps every digit and is rounded down; predict is -1
    where the certificate abstained.

    >>> certificate = Certificate(selected=1, counts=(10, 990), n=1000, n0=100, alpha=0.001, sigma=0.5)
    >>> cells = certificate_cells(7, 1, certificate, 0.25, seed=0)
    >>> cells["predict"], cells["radius"], cells["correct"], cells["counts"]
    (1, 0.9890047910705964, 1, '10,990')
    """
    predict = ABSTAINED if certificate.abstained else certificate.selected
    return {
        "idx": index,
        "label": label,
        "predict": predict,
        "radius": certificate.radius,
        "correct": int(predict == label),
        "time": f"{seconds:.3f}",
        "count": certificate.count,
        "n": certificate.n,
        "n0": certificate.n0,
        "alpha": certificate.alpha,
        "sigma": certificate.sigma,
        "counts": ",".join(map(str, certificate.counts)),
        "seed": seed,
    }
