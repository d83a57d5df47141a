"""Does the theory hold on a real network? (theory F1, F2; needs torch)

One run of CERTIFY at a large budget predicts, by C2 and C7, the ACR of every smaller budget. Independent runs at
smaller budgets are made and set against it, in standard errors. And the constant network, through the same code, has
exactly the ACR of theory B1. Any checkpoint and data set will do.
"""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer

from rstheory import read_log, trivial_acr
from rstheory._progress import on_terminal
from rstheory._provenance import provenance
from rstheory.audit.replication import replication
from rstheory.plots import real_model_validation, save
from rstheory.sequential.rule import FixedDraws
from rstheory.smoothing.models import build, load_checkpoint, save_checkpoint, weights_digest
from rstheory.smoothing.run import Machine, run_checkpoint
from rstheory.smoothing.tasks import Certify
from rstheory.tables import show

ROOT = Path(__file__).resolve().parent.parent
SELECTION = 200  # draws that pick the class: enough that selection plays no part in the comparison


def main(
    checkpoint: Annotated[Path, typer.Option(dir_okay=False, help="Base classifier.")] = ROOT
    / "rstheory/zoo/digits/gaussian/model_0.50.safetensors",
    data: Annotated[str, typer.Option(help="digits, or a path as `rstheory certify` takes it.")] = "digits",
    sigma: Annotated[float | None, typer.Option(help="Noise level; default: the checkpoint's own.")] = None,
    n: Annotated[int, typer.Option(min=100, help="Large budget, from which the others are predicted.")] = 10_000,
    runs: Annotated[int, typer.Option(min=1, help="Independent runs at each smaller budget.")] = 5,
    skip: Annotated[int, typer.Option(min=1, help="Take every SKIP-th test image.")] = 3,
    alpha: Annotated[float, typer.Option(help="Significance level of the Clopper-Pearson bound.")] = 1e-3,
    dtype: Annotated[str, typer.Option(help="float32 or bfloat16.")] = "float32",
    device: Annotated[str, typer.Option(help="cpu, cuda or auto.")] = "auto",
    out: Annotated[Path, typer.Option(help="Folder for the figure and its data.")] = ROOT / "figures",
) -> None:
    """ACR measured at several budgets against its prediction from one larger run."""
    loaded = load_checkpoint(checkpoint)
    if sigma is None:
        if "sigma" not in loaded.metadata:
            raise typer.BadParameter(f"{checkpoint} does not say at which noise level it was trained: give --sigma")
        sigma = float(loaded.metadata["sigma"])
    budgets = [int(b) for b in np.unique(np.round(np.geomspace(30, n // 3, 6)))]

    with tempfile.TemporaryDirectory() as folder:

        def certified(model: Path, budget: int, seed: int) -> Path:
            log = Path(folder) / f"{model.stem}-{budget}-{seed}.tsv"
            run_checkpoint(
                Certify(sigma, FixedDraws(budget, alpha), SELECTION, seed),
                checkpoint=model,
                source=data,
                out=log,
                skip=skip,
                machine=Machine(dtype, device),
                progress=on_terminal("certifying", "draws"),
            )
            return log

        first = certified(checkpoint, n, 0)
        large = read_log(first)
        counts = large.label_counts
        certified_data = str(large.origin.data)
        rows = []
        for place, budget in enumerate(budgets):  # a seed of its own for every run: runs with one seed share draws
            seeds = range(1 + place * runs, 1 + (place + 1) * runs)
            logs = [read_log(certified(checkpoint, budget, seed)) for seed in seeds]
            result = replication(counts, n, logs)
            rows.append({**asdict(result), "z": result.z})
        table = pd.DataFrame(rows)

        constant = Path(folder) / "constant.safetensors"
        ignorant = build("constant", loaded.classes, loaded.shape, label=0)
        save_checkpoint(constant, ignorant, arch="constant", classes=loaded.classes, shape=loaded.shape)
        trivial = read_log(certified(constant, n, 0))

    show(
        f"1. ACR at smaller budgets, measured in independent runs and predicted from one at N = {n:,}",
        table,
        {"n": ",", "measured": ".4f", "predicted": ".4f", "standard_error": ".4f", "z": "+.2f"},
    )
    worst = float(table["z"].abs().max())
    print(f"Largest |z| of {len(table)}: {worst:.2f}. If the theory holds, it exceeds 3.5 once in 350 tables at most.")
    share = float(np.mean(trivial.label == 0))
    exact = float(trivial_acr(n, alpha, sigma, share))
    print(f"Constant network through the same code: ACR {trivial.acr:.12f}, by the closed form {exact:.12f}.\n")
    network = f"{loaded.arch}, {loaded.metadata.get('method', checkpoint.name)}"
    made_by = provenance(
        script="sims/real_model_validation.py",
        network=network,
        weights=weights_digest(loaded.model)[:16],
        data=f"{certified_data}, every {skip}. image",
        samples=large.samples,
        sigma=sigma,
        n=n,
        alpha=alpha,
        dtype=dtype,
        seeds=f"0 for the large run, 1 to {runs * len(budgets)} for the others",
        constant_network=f"ACR {trivial.acr:.12f}, by the closed form {exact:.12f}",
    )
    name, _, _ = certified_data.rpartition(" ")  # of the data: the last word is their digest
    title = f"{network}, $\\sigma$ = {sigma:g}\n{name}, {large.samples} images"
    for file in save(real_model_validation(table, n, large.acr, title), out / "real_model_validation", table, made_by):
        print(f"wrote {file}")


if __name__ == "__main__":
    typer.run(main)
