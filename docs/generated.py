"""Pages that are made from the code, so that they cannot disagree with it. Written to `docs/_made` at every build."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
MADE = "_made"

# What people import, from the design: the faces, then the rooms that they lead to.
FACES = (
    "rstheory",
    "rstheory.logs",
    "rstheory.audit",
    "rstheory.smoothing",
    "rstheory.smoothing.training",
    "rstheory.plots",
    "rstheory.sequential",
    "rstheory.mixture",
    "rstheory.survey",
    "rstheory.statistics",
    "rstheory.certify",
    "rstheory.rigorous",
    "rstheory.symbolic",
)


def write_all(here: Path) -> None:
    """Write every page that the code makes; a page that stays the same is left alone, so that it is not built again."""
    sys.path.insert(0, str(ROOT / "proofs"))
    pages = {
        "claims.md": claims(),
        "statements.md": (ROOT / "proofs" / "STATEMENTS.md").read_text(encoding="utf-8"),
        "columns.md": columns(),
        "commands.md": commands(),
        "changelog.md": (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"),
        "zoo.md": (ROOT / "rstheory" / "zoo" / "README.md").read_text(encoding="utf-8"),
    }
    page_of_an_audit(here / MADE / "site" / "audit.html")
    seen: set[int] = set()
    for face in FACES:
        pages[f"reference/{face}.md"] = reference(face, seen)
    for name, text in pages.items():
        file = here / MADE / name
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")


def page_of_an_audit(path: Path) -> None:
    """A page as `rstheory audit --zoo --html` makes it; one that is there stays, until `make clean`."""
    if not path.exists():
        import rstheory
        from rstheory.pages import audit_page, write_page

        path.parent.mkdir(parents=True, exist_ok=True)
        write_page(audit_page(rstheory.audit_logs(Path(rstheory.__file__).parent / "zoo")), path)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |" for row in lines
    )


def claims() -> str:
    """Every claim with what computes it, what shows it and what proves it."""
    from claims import FIGURES, FUNCTIONS
    from ledger import LEDGER

    rows = []
    for row in LEDGER:
        formal = any(check.kind == "formal proof" for check in row.checks)
        proof = f"[Coq](statements.md#{row.item.lower()})" if formal else ""
        kinds = dict.fromkeys(check.kind for check in row.checks if check.kind != "formal proof")
        functions = [f"{{py:obj}}`~{name}`" for name in FUNCTIONS.get(row.item, ())]
        figures = [f"[{Path(file).stem}](../../{file})" for file in FIGURES.get(row.item, ())]
        rows.append(
            (
                f"**{row.item}**",
                row.statement,
                row.source,
                ", ".join(functions),
                ", ".join(figures),
                ", ".join([proof, *kinds] if proof else kinds),
                row.verdict,
                row.not_covered or "nothing",
            )
        )
    head = ("item", "statement", "source", "functions", "figures", "checked by", "verdict", "not covered")
    return f"""# Index of claims

Every claim about the radius, the constant classifier, the budget, the metrics and the methods: what computes it, what
shows it, what checks it, and what no check covers. Letters are those of [the theory](../theory/index.md). *Source* says
whether the paper has it, whether it is older, or whether we have found no earlier statement of it.

This page is made from `proofs/ledger.py`. One claim is checked by `python proofs/check.py C4`, all by `make proofs`.

:::{{rst-class}} wide
:::

{_table(head, rows)}
"""


def columns() -> str:
    """The columns of certification logs."""
    from rstheory.logs.schema import BUDGET, FIELD, ORIGIN, STOPPING

    parts = [
        "# Columns of a certification log\n\n"
        "This page is made from `rstheory/logs/schema.py`, which reader and writer use, too."
    ]
    for title, group in (
        ("The field's columns", FIELD),
        ("Budget and counts", BUDGET),
        ("What made the row", ORIGIN),
        ("Logs of a stopping rule", STOPPING),
    ):
        rows = [
            (
                f"`{column.name}`",
                column.kind,
                column.meaning,
                "yes" if column.required else "",
                "yes" if column.identity else "",
                ", ".join(f"`{alias}`" for alias in column.aliases),
            )
            for column in group
        ]
        head = ("column", "holds", "meaning", "needed", "same in the whole run", "also called")
        parts.append(f"## {title}\n\n{_table(head, rows)}")
    return "\n\n".join(parts) + "\n"


def commands() -> str:
    """All commands with all their options, as `--help` has them."""
    import typer
    from typer.cli import get_docs_for_click

    from rstheory.cli import app

    command = typer.main.get_command(app)
    text: str = get_docs_for_click(obj=command, ctx=typer.Context(command, info_name="rstheory"), name="rstheory")
    return "# Commands and their options\n\n" + text.partition("\n")[2].replace("\n# ", "\n## ")


def reference(face: str, seen: set[int]) -> str:
    """Everything a module names as public. What an earlier page has is linked, not told again."""
    module = import_module(face)
    names: list[str] = list(getattr(module, "__all__", ())) or [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", "") == face
    ]
    own, told = [], []
    for name in names:
        value = getattr(module, name)
        if not (inspect.isclass(value) or inspect.isroutine(value)):
            continue
        (told if id(value) in seen else own).append(name)
        seen.add(id(value))
    words = (inspect.getdoc(module) or "").partition("\n")[0]
    blocks = []
    for name in own:
        value = getattr(module, name)
        kind = "autoclass" if inspect.isclass(value) else "autofunction"
        blocks.append(f".. {kind}:: {face}.{name}" + ("\n   :members:" if inspect.isclass(value) else ""))
    lines = [f"# `{face}`", "", words, ""]
    if told:
        lines += [f"Also here, told on an earlier page: {', '.join(f'`{name}`' for name in told)}.", ""]
    summary = "\n   ".join(own)
    lines += ["```{eval-rst}", f".. currentmodule:: {face}", "", ".. autosummary::", "   :nosignatures:", ""]
    lines += [f"   {summary}", "", "\n\n".join(blocks), "```", ""]
    return "\n".join(lines)
