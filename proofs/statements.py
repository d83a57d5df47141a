"""What a Coq theorem says, quoted from its file: in words, from the comment right above it, and as it stands.

Nothing is paraphrased here, so that a line of the ledger and the theorem behind it can be read side by side
(`proofs/STATEMENTS.md`), and a theorem that changes makes that file out of date.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_TOKEN = re.compile(r"\(\*|\*\)")
_THEOREM = re.compile(r"(?:Theorem|Lemma|Corollary|Proposition)\s+([\w']+)")
_ASSUMED = re.compile(r"(?:Variables?|Hypothesis|Hypotheses)\b")


@dataclass(frozen=True)
class Statement:
    """`words`: the comment right above the theorem, or "". `given`: what its section assumes. `formal`: as in Coq."""

    name: str
    words: str
    given: tuple[str, ...]
    formal: str


def _pieces(text: str) -> list[tuple[str, str]]:
    """The file as comments and sentences, in order; a sentence ends in a point before a space."""
    pieces, depth, at, start = [], 0, 0, 0
    for token in [*_TOKEN.finditer(text), None]:
        if depth == 0:
            code = text[at : token.start() if token else len(text)]
            pieces += [("sentence", part.strip()) for part in re.split(r"(?<=\.)(?=\s)", code) if part.strip()]
        if token is None:
            break
        if token.group() == "(*" and depth == 0:
            start = token.start()
        depth += 1 if token.group() == "(*" else -1
        at = token.end()
        if depth == 0:
            pieces.append(("comment", text[start:at]))
    return pieces


def _words(comment: str) -> str:
    """The text of a documentation comment that is about a theorem; headings are about a section."""
    inside = comment.removeprefix("(**").removesuffix("*)").strip()
    return "" if not comment.startswith("(**") or inside.startswith("*") else " ".join(inside.split())


def statements(text: str) -> dict[str, Statement]:
    """Every theorem of a Coq file, by name.

    >>> text = "Section S. Hypothesis h : A. (** If A then B. *) Theorem t : B. Proof. exact h. Qed. End S."
    >>> statements(text)["t"]
    Statement(name='t', words='If A then B.', given=('Hypothesis h : A.',), formal='Theorem t : B.')
    """
    found: dict[str, Statement] = {}
    sections: list[list[str]] = []
    above = ""
    for kind, piece in _pieces(text):
        if kind == "comment":
            above = _words(piece)
            continue
        if re.match(r"Section\b", piece):
            sections.append([])
        elif re.match(r"End\b", piece) and sections:
            sections.pop()
        elif _ASSUMED.match(piece) and sections:
            sections[-1].append(" ".join(piece.split()))
        elif theorem := _THEOREM.match(piece):
            given = tuple(sentence for section in sections for sentence in section)
            found[theorem[1]] = Statement(theorem[1], above, given, piece)
        above = ""
    return found


@cache
def statements_of(path: Path) -> dict[str, Statement]:
    return statements(path.read_text(encoding="utf-8"))
