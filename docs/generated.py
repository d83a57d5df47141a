"""Pages that are made from the code, so that they cannot disagree with it. Written to `docs/_made` at every build."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import chdir
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from rstheory.experiments.methods import Runs

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
MADE, FILES = "_made", "_made/files"  # pages that Sphinx reads, and files that it copies as they are

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
        "methods.md": methods(),
        "zoo.md": (ROOT / "rstheory" / "zoo" / "README.md").read_text(encoding="utf-8"),
    }
    seen: set[int] = set()
    for face in FACES:
        pages[f"reference/{face}.md"] = reference(face, seen)
    for name, text in pages.items():
        file = here / MADE / name
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
    report(here / FILES / "report.html")


def report(file: Path) -> None:
    """What `rstheory audit --zoo --html` writes."""
    from rstheory import audit_logs
    from rstheory.pages import audit_page, write_page

    zoo = ROOT / "rstheory" / "zoo"
    logs = [log.relative_to(ROOT) for log in sorted(zoo.rglob("noise_*.tsv"))]
    with chdir(ROOT):  # names of the files as a reader of this checkout has them
        write_page(audit_page(audit_logs(logs)), file)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |" for row in lines
    )


STUDIES = {
    "cifar10-fast": "A small network, eight methods",
    "cifar10-fast-wide": "A wider network at ten times the cost",
    "cifar10-vit": "A transformer, two methods",
    "cifar10-mbconv": "An EfficientNet-like network, two methods",
}


def methods() -> str:
    """Tables of the methods at equal cost, from the surveys that ship."""
    from rstheory.experiments.methods import find_runs

    parts = [
        "# Methods at equal cost: the numbers\n\n"
        "Made from the surveys that ship; `rstheory figures` writes them as CSV. Estimates have half of their 95 %"
        " interval, over images and, where there are several, over training runs."
    ]
    for folder, title in STUDIES.items():
        levels = find_runs(ROOT / "rstheory" / "zoo" / folder)
        parts += [f"## {title}", *_study(levels), *_attacks(folder)]
    return "\n\n".join(parts) + "\n"


def _study(levels: Mapping[float, Sequence[Runs]]) -> list[str]:
    """Of every noise level: the methods, what they gain where, and which order is real."""
    from rstheory.experiments.methods import gains_table, methods_table, orders_table
    from rstheory.plots.methods_report import NAMES

    found, gained, orders = methods_table(levels), gains_table(levels), orders_table(levels)
    parts = []
    for sigma in levels:
        of = found[found["sigma"] == sigma]
        quantities = list(dict.fromkeys(of["quantity"]))
        ranked = of[of["quantity"] == "ACR"].sort_values("estimate", ascending=False)["method"]
        rows = []
        for method in ranked:
            own = of[of["method"] == method].set_index("quantity")
            cells = [f"{own.at[q, 'estimate']:.3f} ± {_half(own, q):.3f}" for q in quantities]
            rows.append([NAMES.get(method, method), str(int(own["runs"].iloc[0])), *cells])
        parts.append(f"### σ = {sigma:g}\n\n{_table(['training', 'runs', *quantities], rows)}")
        split = gained[(gained["sigma"] == sigma) & (gained["method"] != "gaussian")]
        rows = [
            [
                NAMES.get(row["method"], row["method"]),
                row["kind"],
                f"{row['share']:.2f}",
                f"{row['part of the change in ACR']:+.3f}",
                f"{row['change in p']:+.3f}",
            ]
            for _, row in split.iterrows()
        ]
        if rows:
            head = ["training", "images", "share", "part of the change in ACR", "change in p"]
            text = f"By what is hard for Gaussian training, judged by {split['judge'].iloc[0]}."
            parts.append(f"{text}\n\n{_table(head, rows)}")
        pairs = orders[(orders["sigma"] == sigma) & orders["p"].notna()]
        rows = [
            [
                NAMES.get(row["better"], row["better"]),
                NAMES.get(row["worse"], row["worse"]),
                f"{row['ACR more']:.3f}",
                f"{row['holm']:.2g}",
            ]
            for _, row in pairs.iterrows()
        ]
        if rows:
            text = "Pairs by ACR, with the p-value of their order over runs and images, adjusted for all pairs (Holm)."
            parts.append(f"{text}\n\n{_table(['more ACR', 'less ACR', 'difference', 'p'], rows)}")
    return parts


def _attacks(folder: str) -> list[str]:
    """What is certified and what attacks leave standing, of the networks of a study that were attacked."""
    from rstheory.experiments.attacked import accuracies_table, attacked_orders, find_attacked
    from rstheory.plots.methods_report import NAMES

    networks = find_attacked(ROOT / "rstheory" / "zoo" / folder)
    if not networks:
        return []
    found, pairs = accuracies_table(networks), attacked_orders(networks)
    parts = []
    for sigma in dict.fromkeys(found["sigma"]):
        level = sorted((one for one in networks if one.sigma == sigma), key=lambda one: -one.certified_acr)
        of = found[found["sigma"] == sigma].set_index(["method", "attack", "m", "radius"]).sort_index()
        radii = sorted(dict.fromkeys(of.index.get_level_values("radius")))
        rows = []
        for one in level:
            for place, pair in enumerate(one.sandwiches):
                own = of.loc[(one.method, pair.attack.attack, pair.attack.m)]
                proved = [f"{100 * own.at[r, 'certified']:.1f}" if place == 0 else "" for r in radii]
                left = [f"{100 * own.at[r, 'withstood']:.1f}" for r in radii]
                cells = [cell for both in zip(proved, left, strict=True) for cell in both]
                rows.append([NAMES.get(one.method, one.method), f"{pair.attack.attack}, m = {pair.attack.m}", *cells])
        head = ["training", "attack", *(text for r in radii for text in (f"certified, r = {r:g}", "withstood"))]
        first = level[0].sandwiches[0]
        images = first.samples
        parts.append(
            f"### Under attack, σ = {sigma:g}\n\nShare of {images} test images in %: certified at radius r, and"
            f" not changed by an attack of that norm. {first.attack.steps} gradient steps with m draws of noise each,"
            f" success judged by PREDICT with {first.attack.n:,} draws.\n\n{_table(head, rows)}"
        )
        changed = found[(found["sigma"] == sigma) & found["change"].notna()]
        rows = [
            [
                NAMES.get(str(method), str(method)),
                f"{attack}, m = {m}",
                *(
                    f"{100 * own[name]:+.1f} ({100 * own[f'{name}, low']:+.1f} to {100 * own[f'{name}, high']:+.1f})"
                    for _, own in group.iterrows()
                    for name in ("change", "change, answered")
                ),
            ]
            for (method, attack, m), group in changed.groupby(["method", "attack", "m"], sort=False)
        ]
        head = ["training", "attack", *(text for r in radii for text in (f"withstood, r = {r:g}", "answered, too"))]
        parts.append(
            "More than Gaussian training under the same attack, in points, with 95 % intervals over images. Answered,"
            f" too: images on which no perturbation made PREDICT abstain either.\n\n{_table(head, rows)}"
        )
        real = pairs[(pairs["sigma"] == sigma) & (pairs["holm"] < 0.05)]
        readable = real.replace({"better": NAMES, "worse": NAMES})
        told = [f"{row['better']} above {row['worse']} at r = {row['radius']:g}" for _, row in readable.iterrows()]
        parts.append(
            f"Of all pairs and radii under attack ({int((pairs['sigma'] == sigma).sum())}), those that differ by more"
            " than the chance of images (McNemar, adjusted by Holm, at 5 %): " + ("; ".join(told) or "none") + "."
        )
    return parts


def methods_in_short(sigma: float = 0.5) -> str:
    """The table of the README: each method's ACR, certified accuracy and mean p at one noise level."""
    from rstheory.experiments.methods import find_runs, methods_table
    from rstheory.plots.methods_report import NAMES

    levels = find_runs(ROOT / "rstheory" / "zoo" / "cifar10-fast")
    table = methods_table({sigma: levels[sigma]}).pivot(index="method", columns="quantity", values="estimate")
    runs = {one.method: str(len(one.surveys)) for one in levels[sigma]}
    far = f"r = {2 * sigma:g}"
    rows = [
        [
            NAMES.get(str(method), str(method)),
            runs[str(method)],
            f"{own['ACR']:.3f}",
            f"{100 * own['r = 0']:.1f} %",
            f"{100 * own[far]:.1f} %",
            f"{own['mean p']:.3f}",
        ]
        for method, own in table.sort_values("ACR", ascending=False).iterrows()
    ]
    return _table(["training", "runs", "ACR", "certified at r = 0", far, "mean p"], rows)


def _half(own: pd.DataFrame, quantity: str) -> float:
    return float(own.at[quantity, "high"] - own.at[quantity, "low"]) / 2


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
