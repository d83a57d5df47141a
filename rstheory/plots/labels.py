"""Names beside the ends of lines, where a legend would make the reader look back and forth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes

from rstheory.plots.style import Looks

_APART = 0.068  # of the height of the axes: two lines of text of 7 points do not touch in a panel of two inches


def label_ends(axes: Axes, ends: Mapping[str, float], looks: Looks, apart: float = _APART) -> None:
    """Write each name at the right of the axes, at the height where its line ends, or as near as there is room.

    ends: heights in data, within the limits of the axes as they are now.
    """
    low, high = axes.get_ylim()
    names = sorted(ends, key=lambda name: ends[name])
    places = spread([(ends[name] - low) / (high - low) for name in names], apart)
    for name, place in zip(names, places, strict=True):
        axes.annotate(
            name, (1, place), (4, 0), xycoords="axes fraction", textcoords="offset points", color=looks[name].color,
            fontsize=7, verticalalignment="center", annotation_clip=False,
        )  # fmt: skip


def spread(heights: Sequence[float], apart: float) -> list[float]:
    """Ascending heights moved as little as groups of them need to stand `apart` from each other.

    >>> [round(h, 2) for h in spread([0.1, 0.5, 0.52, 0.9], 0.1)]
    [0.1, 0.46, 0.56, 0.9]
    """
    groups: list[tuple[float, int]] = []  # the lowest place of a group that stands close, and how many
    for height in heights:
        low, number = height, 1
        while groups and low < groups[-1][0] + groups[-1][1] * apart:
            before, many = groups.pop()
            middle = ((before + (many - 1) * apart / 2) * many + (low + (number - 1) * apart / 2) * number) / (
                many + number
            )
            number += many
            low = middle - (number - 1) * apart / 2
        groups.append((low, number))
    return [low + k * apart for low, number in groups for k in range(number)]
