"""What was measured on training images of a study's networks: drawn from `rstheory.experiments.measured`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from rstheory._provenance import provenance, write_csv
from rstheory.experiments.measured import Measured, gradient_frame, gradient_table, probability_table
from rstheory.plots.captions import captioned
from rstheory.plots.experiments import gradient_norms
from rstheory.tables import show

_TABLES = {
    "gradients": "Mean gradient norm of easy (p > 0.5) and hard (p < 0.5) training images",
    "training_p": "p of training images: its mean, and the shares near its ends",
}


def write_measured(networks: Sequence[Measured], names: Mapping[str, str], out: Path) -> list[Path]:
    """Draw and tabulate the measurements, and print the tables. names: readable, by method. Returns the files."""
    out.mkdir(parents=True, exist_ok=True)
    made_by, written = provenance(command="rstheory figures"), []
    for name, table in (("gradients", gradient_table(networks)), ("training_p", probability_table(networks))):
        numbers = table.select_dtypes("float").columns.difference(["sigma"])
        show(_TABLES[name], table, dict.fromkeys(numbers, ".3f"))
        write_csv(table, out / f"{name}.csv", made_by | {"caption": _TABLES[name]})
        written.append(out / f"{name}.csv")
    for sigma in sorted({one.sigma for one in networks}):
        level = [one for one in networks if one.sigma == sigma]
        frame = gradient_frame(level).replace({"method": dict(names)})
        by = level[0].measured.attrs
        details = (
            "Norm of the gradient of each training image's loss with respect to the weights, by its p, on Gaussian"
            f" noise and on the same noise after the attack of easy-sample training. Data: {by['data']},"
            f" {len(level[0].measured):,} images per network, {by['draws']} draws for p and {by['gradient_draws']} for"
            f" the gradient, attack of {by['attack']}."
        )
        plate = captioned("gradient_norms", gradient_norms(frame, f"$\\sigma = {sigma:g}$"), frame, details)
        written += plate.save(out / f"sigma_{sigma:g}", made_by)
    return written
