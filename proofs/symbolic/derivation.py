"""What a symbolic derivation is: a function whose value, the simplified difference of two sides, must be 0."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sympy as sp

from rstheory.symbolic import Identity, identities

Sides = tuple[sp.Expr, sp.Expr]


@dataclass(frozen=True)
class Derivation:
    """Call it for the simplified difference `left - right`. The docstring of `sides` is the statement in words."""

    item: str
    sides: Callable[[], Sides]

    @property
    def name(self) -> str:
        return self.sides.__name__

    def __call__(self) -> sp.Expr:
        return Identity(self.item, self.name, *self.sides()).difference


def derivation(item: str) -> Callable[[Callable[[], Sides]], Derivation]:
    """Mark a function that returns the derived side and the stated side as the derivation of a theory item."""

    def wrap(sides: Callable[[], Sides]) -> Derivation:
        return Derivation(item, sides)

    return wrap


def from_library(item: str) -> tuple[Derivation, ...]:
    """Return the identities that `rstheory.symbolic` already holds for an item."""

    def wrap(identity: Identity) -> Derivation:
        def sides() -> Sides:
            return identity.left, identity.right

        sides.__name__, sides.__doc__ = identity.name, identity.name
        return Derivation(item, sides)

    return tuple(wrap(identity) for identity in identities() if identity.item == item)
