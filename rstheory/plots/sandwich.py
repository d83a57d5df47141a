"""Certificates and attacks on one line, drawn from the frames of `rstheory.audit.sandwich`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from rstheory._words import plain, plural, short_label, short_names
from rstheory.audit.sandwich import Sandwich
from rstheory.plots.style import COLORS, DASHES, PAGE, Plate, style

_MARKERS = ("o", "s", "D", "^", "v", "P", "X")


def sandwich_figure(images: pd.DataFrame, accuracy: pd.DataFrame, title: str) -> Figure:
    """Each image's certified radius against the smallest perturbation found, and both as accuracies.

    images: columns attack, certified, attacked (inf where none was found), outcome, inside. accuracy: columns attack,
    radius, certified, attacked, answered. One colour per attack; certificates are black. Images that were not
    attacked are left out on the left.
    """
    attacks = list(dict.fromkeys(images["attack"]))
    largest = float(accuracy["radius"].max())
    tried = images[images["outcome"] != "not attacked"]
    with style():
        figure = Figure(figsize=(PAGE, 2.9))
        left, right = figure.subplots(1, 2)
        left.plot([0, largest], [0, largest], color="black", linewidth=0.8)
        widest = max(1.05 * float(tried["certified"].max()), 0.1 * largest) if len(tried) else largest
        left.text(0.97 * widest, 0.03 * largest, "below the line: unsound", fontsize=6, horizontalalignment="right")
        withstood = 1.06 * largest
        left.axhline(withstood, color="#d9d9d9", linewidth=0.8)
        for i, attack in enumerate(attacks):
            rows = tried[tried["attack"] == attack]
            height = np.where(np.isfinite(rows["attacked"]), rows["attacked"], withstood)
            left.scatter(rows["certified"], height, s=9, marker=_MARKERS[i % len(_MARKERS)], facecolors="none",
                         edgecolors=COLORS[i % len(COLORS)], linewidths=0.8)  # fmt: skip
            inside = rows[rows["inside"]]
            left.scatter(inside["certified"], inside["attacked"], s=50, marker="x", color="black", zorder=3)
            curve = accuracy[accuracy["attack"] == attack]
            right.plot(curve["radius"], curve["attacked"], color=COLORS[i % len(COLORS)],
                       linestyle=DASHES[i % len(DASHES)], label=attack)  # fmt: skip
            right.fill_between(curve["radius"], curve["answered"], curve["attacked"],
                               color=COLORS[i % len(COLORS)], alpha=0.2, linewidth=0)  # fmt: skip
        # Attacks may differ in their images; the certificates are those of the first one.
        of_first = accuracy[accuracy["attack"] == attacks[0]]
        right.plot(of_first["radius"], of_first["certified"], color="black", label="certified")
        left.set(xlabel="certified radius", ylabel="smallest perturbation found", title="(a) image by image",
                 xlim=(0, widest), ylim=(0, 1.12 * largest))  # fmt: skip
        left.set_yticks([*(tick for tick in left.get_yticks() if tick <= 0.97 * largest), withstood])
        left.set_yticklabels([*(f"{tick:g}" for tick in left.get_yticks()[:-1]), "none"])
        right.set(xlabel=r"$\ell_2$ norm of the perturbation", ylabel="share of the images", xlim=(0, largest),
                  ylim=(0, 1), title="(b) accuracy: certified and under attack")  # fmt: skip
        figure.suptitle(title, fontsize=8, x=0.01, horizontalalignment="left")
        figure.legend(*right.get_legend_handles_labels(), loc="outside lower center", ncols=5, handlelength=3)
    return figure


def sandwich_plates(sandwiches: Sequence[Sandwich]) -> list[Plate]:
    """One figure per certification log, with all attacks on its classifier. The data drawn has a row per image."""
    paths = list(dict.fromkeys(one.certificates.path for one in sandwiches))
    plates = []
    for path, name in zip(paths, short_names(paths), strict=True):
        group = [one for one in sandwiches if one.certificates.path == path]
        labels = attack_labels(group)
        images = pd.concat([one.to_frame().assign(attack=label) for one, label in zip(group, labels, strict=True)])
        accuracy = pd.concat([one.accuracies().assign(attack=label) for one, label in zip(group, labels, strict=True)])
        first = group[0].certificates
        numbers = sorted({one.samples for one in group})
        spread = f"{numbers[0]:,}" if len(numbers) == 1 else f"{numbers[0]:,} to {numbers[-1]:,}"
        alarms = sum(len(one.alarms) for one in group)
        caption = (
            "(a) Certified radius of each image, and the L2 norm of the smallest perturbation that changed its class."
            " Only images that PREDICT gave their label are attacked; none: no perturbation of norm up to"
            f" {max(one.attack.eps for one in group):g} was found. The true robust radius lies between the two."
            " (b) Share of images certified up to a norm, and share that no attack of up to that norm changed; shaded:"
            " down to the share that no attack made PREDICT abstain on. The accuracy under the best attack lies"
            f" between the black line and the lowest coloured one. {plural(alarms, 'alarm')}."
            f" sigma = {first.sigma:g}, N = {first.n:,}, {spread} images per attack; PREDICT with"
            f" n = {', '.join(sorted({f'{one.attack.n:,}' for one in group}))}."
        )
        title = f"{plain(name)}, $\\sigma = {first.sigma:g}$"
        figure = sandwich_figure(images, accuracy, title)
        stem = "sandwich" if len(paths) == 1 else "sandwich_" + "".join(c if c.isalnum() else "_" for c in name)
        plates.append(Plate(stem, figure, images, caption))
    return plates


def attack_labels(sandwiches: Sequence[Sandwich]) -> list[str]:
    """What tells attacks on one classifier apart: attack and m, with the file's name where that is not enough."""
    labels = [f"{one.attack.attack}, m = {one.attack.m}" for one in sandwiches]
    if len(set(labels)) == len(labels):
        return labels
    names = short_names([one.attack.path for one in sandwiches])
    return [f"{label} ({short_label(name)})" for label, name in zip(labels, names, strict=True)]
