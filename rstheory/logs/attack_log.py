"""The log of an attack on a smoothed classifier: the smallest perturbation found for each image."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rstheory import _check
from rstheory._check import Float
from rstheory.certify import Prediction
from rstheory.logs.packed import beginning, unpacked
from rstheory.logs.schema import ABSTAINED, ATTACK_LOG, OPEN, names_attack_log

if TYPE_CHECKING:
    import pandas as pd

_NUMBERS = {"steps": int, "m": int, "restarts": int, "halvings": int, "eps": float, "n": int, "alpha": float,
            "sigma": float, "seed": int, "tau": float}  # fmt: skip
_ROW = ("index", "label", "predict", "counts", "norm", "found", "attacked_counts", "abstain_norm")
_ROW_CELLS = ("idx", *_ROW[1:])
_TEXTS = ("attack", "noise", "dtype", "weights", "data")


def judgements(halvings: int, restarts: int) -> int:
    """The most times that PREDICT is asked about one image: once clean, then once per restart of each round.

    >>> judgements(halvings=8, restarts=1)
    10
    """
    return 1 + (1 + halvings) * restarts


@dataclass(frozen=True, eq=False, repr=False)
class AttackLog:
    """The rows of one attack log, with the settings that they were made with.

    Made by `read_attack_log`, which checks the rows.
    path: where it came from.
    index, label: number of each sample in its data set, and its true class.
    predict: what PREDICT said of the image itself; -1 for an abstention. Only images given their label were attacked.
    counts: draws that gave each class there, shape (samples, classes).
    norm: L2 norm of the smallest perturbation that changed the class; inf where none was found, or none was sought.
    found: the class there, -1 where there is none.
    attacked_counts: draws that gave each class there, shape (samples, classes); 0 where there is none.
    abstain_norm: L2 norm of the smallest perturbation that made PREDICT abstain; inf where none did.
    attack: the attack's name. steps: of the gradient. m: noise draws per gradient. restarts: attacks at each norm.
    halvings: of the interval of norms. eps: largest norm tried.
    n: draws of each PREDICT. alpha: probability, per image, that any of its answers is not the smoothed classifier's.
    sigma: noise level. seed: of all draws.
    tau, noise, dtype, weights, data: as in certification logs.
    """

    path: str
    index: NDArray[np.int64]
    label: NDArray[np.int64]
    predict: NDArray[np.int64]
    counts: NDArray[np.int64]
    norm: Float
    found: NDArray[np.int64]
    attacked_counts: NDArray[np.int64]
    abstain_norm: Float
    attack: str
    steps: int
    m: int
    restarts: int
    halvings: int
    eps: float
    n: int
    alpha: float
    sigma: float
    seed: int
    tau: float
    noise: str
    dtype: str
    weights: str
    data: str

    def __repr__(self) -> str:
        return (
            f"AttackLog({self.path!r}, {self.samples} samples, {self.attack}, m={self.m}, steps={self.steps},"
            f" sigma={self.sigma:g}, eps={self.eps:g}, {int(self.succeeded.sum())} successes)"
        )

    @property
    def samples(self) -> int:
        """Number of samples."""
        return len(self.index)

    @property
    def judgements(self) -> int:
        """The most times that PREDICT was asked about one image."""
        return judgements(self.halvings, self.restarts)

    @property
    def level(self) -> float:
        """The level of each single PREDICT: alpha, shared among all of one image."""
        return self.alpha / self.judgements

    @property
    def correct(self) -> NDArray[np.bool_]:
        """Which images PREDICT gave their label; these were attacked."""
        return np.asarray(self.predict == self.label)

    @property
    def succeeded(self) -> NDArray[np.bool_]:
        """On which images a perturbation changed the class."""
        return np.isfinite(self.norm)

    def attacked_accuracy(self, eps: ArrayLike, abstentions_lost: bool = True) -> Float:
        """Share of samples that are right, and that no perturbation of norm <= eps changed.

        eps: at most the largest norm tried. abstentions_lost: whether a perturbation that makes PREDICT abstain counts,
        too. The truth, under the best attack, is at most this share, and at least the certified accuracy.
        """
        radii = _check.non_negative("eps", eps)
        _check.refuse("eps", np.asarray(radii), np.asarray(radii) > self.eps, f"norms up to {self.eps:g} were tried")
        first = np.minimum(self.norm, self.abstain_norm) if abstentions_lost else self.norm
        fallen = np.sort(np.where(self.correct, first, 0.0))
        share: Float = 1 - np.searchsorted(fallen, radii, side="right") / self.samples
        return share

    def select(self, rows: NDArray[np.integer[Any]] | NDArray[np.bool_]) -> AttackLog:
        """The log cut to some of its rows, in the order given."""
        return replace(self, **{name: getattr(self, name)[rows] for name in _ROW})

    def to_frame(self) -> pd.DataFrame:
        """The rows as a pandas DataFrame, with the settings in `attrs`."""
        import pandas as pd

        columns = ("index", "label", "predict", "norm", "found", "abstain_norm")
        frame = pd.DataFrame({name: getattr(self, name) for name in columns})
        frame.attrs = {name: getattr(self, name) for name in ("path", *_NUMBERS, *_TEXTS)}
        return frame


def is_attack_log(path: str | os.PathLike[str]) -> bool:
    """Whether a file starts with the header of an attack log."""
    if not os.path.isfile(path):  # a pipe would wait forever
        return False
    with open(path, "rb") as file:
        return names_attack_log(beginning(file.read(4096), 4096).partition(b"\n")[0].rstrip(b"\r"))


def read_attack_log(path: str | os.PathLike[str]) -> AttackLog:
    """Read a log of `rstheory attack`, and check it: every claimed change of class must follow from its counts.

    ValueError, naming file and line, where the file is no such log, holds rows of several runs, or a row that
    contradicts itself; OSError if it cannot be opened. It may be compressed by gzip, bzip2 or xz.
    """
    try:
        content = unpacked(Path(path).read_bytes())
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    return parse_attack_log(os.fspath(path), content.decode("utf-8", errors="backslashreplace"))


def parse_attack_log(name: str, text: str) -> AttackLog:
    """The log in a text, as `read_attack_log` reads a file. name: for messages."""
    header, *lines = text.splitlines() or [""]
    columns = header.split("\t")
    if missing := [column for column in (*_ROW_CELLS, *_NUMBERS, *_TEXTS) if columns.count(column) != 1]:
        raise ValueError(
            f"{name}, line 1: not the header of an attack log, which has the column {missing[0]} once: {header[:80]!r}"
        )
    if not lines:
        raise ValueError(f"{name}: the log has a header and no row below it")
    rows = [_row(f"{name}, line {number}", line, columns) for number, line in enumerate(lines, 2)]
    for number, row in enumerate(rows, 2):
        for column in {*ATTACK_LOG.identity} & {*columns} - {*OPEN}:
            if row[column] != rows[0][column]:
                raise ValueError(
                    f"{name}, line {number}: rows of more than one run: {column} is {rows[0][column]!r} and"
                    f" {row[column]!r}"
                )
    if len({row["idx"] for row in rows}) < len(rows):
        raise ValueError(f"{name}: an image is there twice")
    settings = {column: _NUMBERS[column](rows[0][column]) for column in _NUMBERS} | {c: rows[0][c] for c in _TEXTS}
    classes = len(rows[0]["counts"])
    log = AttackLog(
        path=name,
        index=_integers(rows, "idx"),
        label=_integers(rows, "label"),
        predict=_integers(rows, "predict"),
        counts=_integers(rows, "counts"),
        norm=np.array([row["norm"] for row in rows]),
        found=_integers(rows, "found"),
        attacked_counts=np.array([row["attacked_counts"] or [0] * classes for row in rows], dtype=np.int64),
        abstain_norm=np.array([row["abstain_norm"] for row in rows]),
        **settings,
    )
    _check_rows(log)
    return log


def _integers(rows: list[dict[str, Any]], column: str) -> NDArray[np.int64]:
    return np.array([row[column] for row in rows], dtype=np.int64)


def _row(where: str, line: str, columns: Sequence[str]) -> dict[str, Any]:
    """The cells of a line; those of the identity columns stay text."""
    cells = line.split("\t")
    if len(cells) != len(columns):
        raise ValueError(f"{where}: {len(cells)} columns where {len(columns)} are expected")
    row: dict[str, Any] = dict(zip(columns, cells, strict=True))
    try:
        for column in ("idx", "label", "predict", "found"):
            row[column] = int(row[column])
        for column in ("norm", "abstain_norm"):
            row[column] = float(row[column])
        for column in ("counts", "attacked_counts"):
            row[column] = [int(count) for count in row[column].split(",")] if row[column] else []
        for column, kind in _NUMBERS.items():
            kind(row[column])
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None
    return row


def _check_rows(log: AttackLog) -> None:
    """Refuse rows that contradict themselves: classes that do not follow from the counts, and impossible norms."""
    for i in range(log.samples):
        where = f"{log.path}, line {i + 2}"
        for counts, claimed in ((log.counts[i], log.predict[i]), (log.attacked_counts[i], log.found[i])):
            if not counts.any() and claimed == ABSTAINED and counts is not log.counts[i]:
                continue
            if counts.sum() != log.n or np.any(counts < 0):
                raise ValueError(f"{where}: counts={counts.tolist()} do not add up to n={log.n}")
            answer = Prediction(tuple(counts.tolist()), log.level)
            if claimed != (ABSTAINED if answer.abstained else answer.leader):
                raise ValueError(f"{where}: class {claimed} does not follow from the counts {counts.tolist()}")
        succeeded = bool(np.isfinite(log.norm[i]))
        if succeeded and not (log.norm[i] > 0 and log.found[i] not in (ABSTAINED, log.label[i])):
            raise ValueError(f"{where}: norm={log.norm[i]} with the class {log.found[i]} found is no success")
        if not succeeded and (log.norm[i] != np.inf or log.found[i] != ABSTAINED):
            raise ValueError(f"{where}: norm={log.norm[i]} with the class {log.found[i]} found contradict each other")
        if not log.abstain_norm[i] > 0:
            raise ValueError(f"{where}: abstain_norm={log.abstain_norm[i]} is not allowed: it must be positive, or inf")
