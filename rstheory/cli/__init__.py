"""The command line: parses, calls the package, prints. One module a command.

Exit status: 0 fine, 1 an input could not be read or an output not written, 2 wrong usage, 3 an attack succeeded inside
a certificate, 130 interrupted.
Everything but typer is imported where it is used, so that `rstheory --help` answers at once.
"""

from typing import Annotated

import typer

from rstheory.cli.atlas import atlas
from rstheory.cli.attack import attack, sandwich
from rstheory.cli.audit import audit
from rstheory.cli.budget import budget
from rstheory.cli.certify import certify, predict
from rstheory.cli.command import Command
from rstheory.cli.figures import figures
from rstheory.cli.measure import measure
from rstheory.cli.survey import survey
from rstheory.cli.train import train

app = typer.Typer(
    name="rstheory",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        import rstheory

        typer.echo(f"rstheory {rstheory.__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """What average certified radius (ACR) rewards: audits of certification logs, what a budget can do, and sound
    certificates of your own models."""


for command in (audit, atlas, budget, train, measure, certify, predict, survey, attack, sandwich, figures):
    app.command(cls=Command)(command)
