"""`proofs/symbolic/`: every difference is exactly 0, and spoiled statements are refused."""

import pytest
import sympy as sp

from proofs import runners
from proofs.ledger import Check
from proofs.symbolic import all as symbolic
from proofs.symbolic.derivation import Derivation

DERIVATIONS = [derivation for item in symbolic.ITEMS for derivation in symbolic.derivations(item)]
NEW = [derivation for derivation in DERIVATIONS if derivation.sides.__module__.startswith("proofs.symbolic.")]
NEW = [
    derivation for derivation in NEW if "from_library" not in derivation.sides.__qualname__
]  # tested with the library


def title(derivation):
    return f"{derivation.item} {derivation.name}"


def test_every_promised_item_is_derived():
    assert {d.item for d in NEW} >= {"A2", "A3", "A4", "A5", "B4", "C2", "C3", "D2", "E4"}
    assert len({title(d) for d in DERIVATIONS}) == len(DERIVATIONS)
    assert all(d.sides.__doc__ for d in NEW)


@pytest.mark.parametrize("derivation", NEW, ids=title)
def test_difference_is_exactly_zero(derivation):
    assert derivation() is sp.S.Zero


@pytest.mark.parametrize("derivation", NEW, ids=title)
def test_spoiled_statement_is_refused(derivation):
    """Neither a wrong term nor a wrong factor is simplified away."""
    left, right = derivation.sides()
    millionth = sp.Rational(1, 10**6)
    assert Derivation(derivation.item, lambda: (left, right + millionth))() != 0
    if right != 0:
        assert Derivation(derivation.item, lambda: (left, right * (1 + millionth)))() != 0


def test_the_runner_refuses_an_item_without_derivations_and_a_difference(monkeypatch):
    assert runners.run_symbolic(symbolic_check("B4")).status == "pass"
    assert runners.run_symbolic(symbolic_check("D5")).status == "fail"
    wrong = Derivation("A4", lambda: (sp.Symbol("x"), sp.Integer(1)))
    monkeypatch.setattr(symbolic, "derivations", lambda item: (wrong,))
    result = runners.run_symbolic(symbolic_check("A4"))
    assert result.status == "fail"
    assert "difference x - 1" in result.detail


def symbolic_check(item):
    return Check("symbolic derivation", "proofs/symbolic/all.py", (), (item,))
