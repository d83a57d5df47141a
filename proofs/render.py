"""The ledger as Markdown, for `proofs/README.md`, and its theorems as their files state them, for `STATEMENTS.md`.

What they say does not depend on the machine that writes them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from proofs.ledger import Check, Row
from proofs.statements import statements_of

ROOT = Path(__file__).resolve().parent.parent

HEAD = """\
# What checks the mathematics

Every claim of the theory, what checks it, and what that leaves uncovered. **This file is written by
`python proofs/check.py --write`** from `proofs/ledger.py`. `python proofs/check.py` runs all of it, prints the same
rows with pass or fail, and fails if this file is out of date; `python proofs/check.py B4` runs one item.

- **Formal proof**: Coq, in `coq/`, with no axiom beyond those of the standard library, printed by `coq/Assumptions.v`.
  What each theorem says, in words and in Coq, is quoted from its file in [`STATEMENTS.md`](STATEMENTS.md).
- **Symbolic derivation**: SymPy, in `symbolic/`. A function whose value, the simplified difference of two sides, is 0.
- **Ball arithmetic**: python-flint, in `intervals/`. Inequalities on whole intervals by bisection, with no sampling;
  certified enclosures of numbers.
- **Written proof**: prose, for a reader to judge, in [`C4.md`](C4.md).
- **Property test**: Hypothesis and pytest, in `../tests/`. Random and hard cases.

`tests/test_proofs_*.py` feed the first three kinds wrong statements and see them refused. SymPy and Arb are trusted
where they are used. Coq needs `apt-get install make coq libcoq-coquelicot libcoq-interval`; without it its rows are
skipped, and say so.

Letters are those of the theory: R = σΦ⁻¹ the radius, z = Φ⁻¹(p), t = 1 - p the tail, (N, α) the budget, L the
Clopper-Pearson bound, g the certified radius of a count, r_N its mean, a = ln(1/α), c_j as in C3, c = √(2/π) as in A5,
S(u) the share of samples with p >= u, CA certified accuracy, W(q) the wealth of a bet against p <= q. [paper] is arXiv
2410.06895 (ICML 2025), [known] is older, [new] is what we found no earlier statement of; [known and new] rests on what
is known: C2 on Bernstein's derivative, C3 on the Poisson limit of Clopper-Pearson bounds (Garwood 1936), C10's grid on
Voracek and Hein (ICLR 2023, arXiv 2207.07209), D2 on the mean as area under the survival curve, D3 on stochastic
dominance (Lehmann 1955), G1 and G2 on mixtures of likelihood ratios (Ville 1939, Robbins 1970; for Bernoulli trials
Wills et al. 2020), G5 on bounds that hold at once.
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


STATEMENTS_HEAD = """\
# What Coq proves, as its files say it

For every row of the ledger with a formal proof: the line of the ledger, then each theorem that stands behind it, in the
words of the comment above it and as Coq reads it. **This file is written by `python proofs/check.py --write`** from
`proofs/coq/`; `python proofs/check.py` fails if a theorem has changed since. So whoever changes a theorem, or a line,
reads both. *Given* is what the section assumes around the theorem.
"""


_CODE = re.compile(r"\[(\[[^\[\]]*[\])]|[^\[\]]*)\]")  # coqdoc's brackets; the inner ones are of an interval


def as_markdown(words: str) -> str:
    """Words of a Coq comment, with its code in backquotes.

    >>> as_markdown("The radius at [p] in [[0, 1)] is [R p].")
    'The radius at `p` in `[0, 1)` is `R p`.'
    """
    return _CODE.sub(r"`\1`", words)


def render_statements(rows: Sequence[Row]) -> str:
    """The theorems of every row, quoted from the Coq files."""
    lines = [STATEMENTS_HEAD]
    for row in rows:
        formal = [check for check in row.checks if check.kind == "formal proof"]
        if not formal:
            continue
        lines += [f"## {row.item}", "", f"> {row.statement}", ""]
        for check in formal:
            known = statements_of(ROOT / check.file)
            for statement in (known[name] for name in check.names):
                lines += [
                    f"**`{statement.name}`** in `{check.file.rsplit('/', 1)[1]}`. {as_markdown(statement.words)}",
                    "",
                ]
                if statement.given:
                    lines += [f"Given: `{' '.join(statement.given)}`", ""]
                lines += ["```coq", statement.formal, "```", ""]
    return "\n".join(lines).rstrip() + "\n"
