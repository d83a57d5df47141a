"""Every symbolic derivation: those of this folder, and the identities that `rstheory.symbolic` holds itself."""

from __future__ import annotations

from proofs.symbolic import budget, growth, radius, report, shell
from proofs.symbolic.derivation import Derivation, from_library

ITEMS = ("A1", "A2", "A3", "A4", "A5", "B2", "B3", "B4", "B5", "C2", "C3", "D2", "E4")


def derivations(item: str) -> tuple[Derivation, ...]:
    """Return the derivations of one theory item."""
    here = [
        value
        for module in (radius, growth, budget, report, shell)
        for value in vars(module).values()
        if isinstance(value, Derivation) and value.item == item
    ]
    return (*from_library(item), *here)
