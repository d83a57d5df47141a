"""`rstheory figures`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rstheory.cli.common import refusals


def figures(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[FOLDER]", file_okay=False, help="Folder of experiments; default: those that ship."),
    ] = None,
    out: Annotated[Path, typer.Option(file_okay=False, help="Where to write.")] = Path("figures/experiments"),
) -> None:
    """Draw and tabulate the experiments on trained models, from their logs and measurements alone.

    Each figure comes as PNG and PDF with the data it shows (CSV) and its caption (TXT).
    """
    import rstheory
    from rstheory._threads import one_blas_thread
    from rstheory.experiments import doubts, find_experiments
    from rstheory.experiments.attacked import find_attacked
    from rstheory.experiments.cost import cost_table
    from rstheory.experiments.measured import find_measured
    from rstheory.experiments.methods import find_runs, folders_of_runs
    from rstheory.plots.attacked import write_attacked
    from rstheory.plots.cost import write_cost
    from rstheory.plots.measured import write_measured
    from rstheory.plots.methods_report import NAMES, write_methods
    from rstheory.plots.report import write_report

    with refusals(), one_blas_thread():  # the same bytes whatever the number of cores
        root = folder or Path(rstheory.__file__).parent / "zoo"
        experiments = find_experiments(root)
        for doubt in doubts(experiments):
            typer.echo(f"rstheory: {doubt}", err=True)
        for file in write_report(experiments, out):
            typer.echo(f"wrote {file}")
        for study in folders_of_runs(root):
            for file in write_methods(find_runs(study), out / study.relative_to(root)):
                typer.echo(f"wrote {file}")
            if networks := find_attacked(study):
                for file in write_attacked(networks, NAMES, out / study.relative_to(root)):
                    typer.echo(f"wrote {file}")
            if measured := find_measured(study):
                for file in write_measured(measured, NAMES, out / study.relative_to(root)):
                    typer.echo(f"wrote {file}")
        for place in sorted(root.rglob("*-cost")):
            if len(costs := cost_table(place)):
                for file in write_cost(costs, out / place.relative_to(root)):
                    typer.echo(f"wrote {file}")
