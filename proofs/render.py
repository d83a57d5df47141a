"""The ledger as Markdown, for `proofs/README.md`. What it says does not depend on the machine that writes it."""

from __future__ import annotations

from collections.abc import Sequence

from proofs.ledger import Check, Row

HEAD = """\
# What checks the mathematics

Every claim of the theory, what checks it, and what that leaves uncovered. **This file is written by
`python proofs/check.py --write`** from `proofs/ledger.py`. `python proofs/check.py` runs all of it, prints the same
rows with pass or fail, and fails if this file is out of date; `python proofs/check.py B4` runs one item.

- **Formal proof**: Coq, in `coq/`, with no axiom beyond those of the standard library, printed by `coq/Assumptions.v`.
- **Symbolic derivation**: SymPy, in `symbolic/`. A function whose value, the simplified difference of two sides, is 0.
- **Ball arithmetic**: python-flint, in `intervals/`. Inequalities on whole intervals by bisection, with no sampling;
  certified enclosures of numbers.
- **Written proof**: prose, for a reader to judge, in [`C4.md`](C4.md).
- **Property test**: Hypothesis and pytest, in `../tests/`. Random and hard cases.

`tests/test_proofs.py` feeds the first three kinds wrong statements and sees them refused. SymPy and Arb are trusted
where they are used. Coq needs `apt-get install make coq libcoq-coquelicot libcoq-interval`; without it its rows are
skipped, and say so.

Letters are those of the theory: R = σΦ⁻¹ the radius, z = Φ⁻¹(p), t = 1 - p the tail, (N, α) the budget, L the
Clopper-Pearson bound, g the certified radius of a count, r_N its mean, a = ln(1/α), c_j as in C3, c = √(2/π) as in A5,
S(u) the share of samples with p >= u, CA certified accuracy. [paper] is arXiv 2410.06895 (ICML 2025), [known] is older,
[new] is first stated here.
"""


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def describe(check: Check) -> str:
    """One check in a line: its kind, what it covers, and the names to look for."""
    names = "" if check.kind == "ball arithmetic" else ", ".join(f"`{name}`" for name in check.names)
    what = "; ".join(part for part in (check.covers, names) if part)
    return f"{check.kind}: {what}" if what else check.kind


def render(rows: Sequence[Row]) -> str:
    lines = [
        HEAD,
        "| item | statement | source | verdict | checks | files | command | not covered |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        files = dict.fromkeys(check.file for check in row.checks)
        cells = (
            f"**{row.item}**",
            row.statement,
            f"[{row.source}]",
            row.verdict,
            "<br>".join(describe(check) for check in row.checks),
            "<br>".join(f"[`{file}`](../{file})" for file in files),
            f"`python proofs/check.py {row.item}`",
            row.not_covered,
        )
        lines.append("| " + " | ".join(_cell(cell) for cell in cells) + " |")
    return "\n".join(lines) + "\n"
