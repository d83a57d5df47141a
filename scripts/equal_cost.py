"""Eight methods at equal cost on CIFAR-10, several seeds: Gaussian training first, then as much again by each method.

    python scripts/equal_cost.py FOLDER

For every seed one network is trained by Gaussian training at BASE PFLOP. Each method then goes on from its weights for
TUNING PFLOP, Gaussian training among them. So all networks of a seed have cost the same, and a method has the whole of
its share although some take five times as much per image. Costs are counted (`rstheory train --budget-pflop`). Each
network is then surveyed on every test image.

Networks are made one after the other, first of one seed at sigma 0.5, then of the next, then at the other noise levels.
Killed, it goes on; what is there is left alone. METHODS has what was cut down from the papers, so that a method sees
each image a few times: noise vectors per image, steps of attacks, and draws behind targets and weights.
"""

from __future__ import annotations

import lzma
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from rstheory._files import atomic_write

ARCH = "fast32-128-256"
BASE, TUNING = 0.1, 0.08  # PFLOP
RATE = "0.15"  # highest rate of the second half: a quarter of the recipe's
EPOCH = 12_500  # images in an epoch: costs are cut to whole epochs
DRAWS = 200  # of noise, per test image
RUNS = ((0.5, 0), (0.5, 1), (0.5, 2), (0.25, 0), (1.0, 0))  # sigma and seed

# What differs from the papers' hyper-parameters at the noise level, as options of `rstheory train`.
METHODS = {
    "gaussian": "--draws 1",
    "easy": "--draws 1 --set discard.start=0 --set discard.draws=8 --set reweigh.start=0 --set reweigh.draws=8"
    " --set reweigh.every=1000 --set attack.start=0 --set attack.steps=3 --set attack.step=0.5",
    "catrs": "--draws 2 --set catrs.start=0 --set catrs.steps=2 --set catrs.draws=8",
    "smoothadv": "--draws 1 --set smoothadv.steps=2",
    "consistency": "--draws 2",
    "smoothmix": "--draws 2 --set smoothmix.steps=2",
    "macer": "--draws 4 --lr 0.015",  # a tenth of the others' rate, as in its paper; at theirs it lost half of its p
    "middle": "--draws 1 --set middle.start=0 --set middle.draws=8 --set middle.every=20",
}


def run(*command: str) -> None:
    """One command of rstheory, shown as it is typed; its failure ends the script."""
    print("rstheory", shlex.join(command), flush=True)
    ended = subprocess.run([sys.executable, "-m", "rstheory", *command], env=os.environ, check=False)
    if ended.returncode:
        raise typer.Exit(ended.returncode)


def train(out: Path, *options: str) -> None:
    """One network by `rstheory train`, gone on with if it was cut short."""
    if out.exists():
        return
    again = ["--resume"] if out.with_name(out.name + ".state").exists() else []
    command = [
        "train",
        "--data",
        "cifar10",
        "--arch",
        ARCH,
        "--out",
        str(out),
        *options,
        *again,
    ]
    run(*command)


def survey(checkpoint: Path, sigma: float) -> None:
    """Every test image surveyed, into a compressed log beside the checkpoint."""
    log = checkpoint.with_name(checkpoint.name.replace("model", "survey")).with_suffix(".tsv")
    whole = log.with_suffix(".tsv.xz")
    if whole.exists():
        return
    again = ["--resume"] if log.exists() else []
    told = ["--checkpoint", str(checkpoint), "--data", "cifar10", "--sigma", str(sigma), "--draws", str(DRAWS)]
    run("survey", *told, "--dtype", "bfloat16", "--out", str(log), *again)
    with atomic_write(whole) as part:
        part.write_bytes(lzma.compress(log.read_bytes(), preset=9))
    log.unlink()


def main(folder: Annotated[Path, typer.Argument(file_okay=False, help="Where the networks go.")]) -> None:
    """Train and survey every network that is not there yet."""
    for sigma, seed in RUNS:
        common = ["--sigma", str(sigma), "--seed", str(seed)]
        name = f"model_{sigma:.2f}_seed{seed}.safetensors"
        base = folder / "base" / name
        base.parent.mkdir(parents=True, exist_ok=True)
        train(base, *common, "--method", "gaussian", "--draws", "1", "--budget-pflop", str(BASE))
        for method, options in METHODS.items():
            (folder / method).mkdir(exist_ok=True)
            second = [
                "--weights",
                "float16",
                "--from",
                str(base),
                "--lr",
                RATE,
                "--epoch-images",
                str(EPOCH),
                "--budget-pflop",
                str(TUNING),
            ]
            train(folder / method / name, *common, "--method", method, *second, *shlex.split(options))
            survey(folder / method / name, sigma)


if __name__ == "__main__":
    typer.run(main)
