"""What the reader and the comparison of logs may find: one dataclass, and the stable codes."""

from __future__ import annotations

from dataclasses import dataclass

# In the order in which they are reported: those of one log, then those between two.
CODES = (
    "truncated-line",
    "unfinished-line",
    "repeated-header",
    "other-text",
    "joined-chunks",
    "sigma-against-name",
    "sigma-against-radii",
    "budget-against-radii",
    "several-settings",
    "stopping-rule",
    "other-bound",
    "mixed-origin",
    "other-abstention",
    "non-finite",
    "duplicate-index",
    "missing-index",
    "negative-radius",
    "abstained-with-radius",
    "correct-flag-mismatch",
    "radius-above-maximum",
    "counts-mismatch",
    "count-mismatch",
    "chosen-uniform",
    "rounded-radius",
    "selection-reused",
    "several-looks",
    "noise-level-per-image",
    "two-class-level",
    "two-class-radius",
    "different-samples",
    "different-budget",
    "different-sigma",
)
# Habits of whoever wrote the log, which leave every number what it is, or bound how far it is off.
NOTES = (
    "repeated-header",
    "other-text",
    "joined-chunks",
    "stopping-rule",
    "other-bound",
    "rounded-radius",
    "two-class-radius",
)


@dataclass(frozen=True)
class Finding:
    """Something wrong or noteworthy in a log.

    code: one of `CODES`, which stay.
    rows: how many rows it concerns.
    line: the first of them, as a line of the file, the header being line 1; None where no single row is meant.
    message: a sentence that says what was found and what became of the rows.
    factor: by how much the level that is proved is larger than the one stated: see `rstheory.logs.claims`.
    """

    code: str
    rows: int
    line: int | None
    message: str
    factor: float = 1.0

    @property
    def is_note(self) -> bool:
        """Whether it is only worth knowing: see `NOTES`."""
        return self.code in NOTES
