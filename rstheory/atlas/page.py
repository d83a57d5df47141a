"""The page of an atlas in Markdown: what was read, how methods stand, where they gain on Gaussian training."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from rstheory._words import plural, printable
from rstheory.atlas.build import Atlas
from rstheory.atlas.easy import SHOWN, Gain, gains, told
from rstheory.atlas.grid import U
from rstheory.atlas.standing import LEVEL, Standing


def page(atlas: Atlas, standings: Sequence[Standing]) -> str:
    """The whole page."""
    found = gains(standings)
    blocks = [_head(atlas), _explained(), *_easy(found), "## Standing\n", *(_standing(s) for s in standings)]
    return "\n".join(blocks).rstrip("\n") + "\n"


def _head(atlas: Atlas) -> str:
    verdicts = Counter(row.verdict for row in atlas.rows)
    counted = ", ".join(f"{number} {verdict}" for verdict, number in verdicts.most_common())
    repositories = Counter(row.named.repository or "no rule knows them" for row in atlas.rows)
    lines = [f"| {_cell(name)} | {number} |" for name, number in repositories.most_common()]
    return (
        f"# Atlas of {plural(len(atlas.rows), 'certification log')}\n\n"
        f"Verdicts: {counted}. Common budget: N={atlas.n:,}, alpha={atlas.alpha:g}.\n\n"
        "| repository | logs |\n|---|---|\n" + "\n".join(lines) + "\n"
    )


def _explained() -> str:
    return f"""## How to read this

Methods are compared by the distribution of p, the probability of the label under noise: S(u) is the share of images
whose certified lower bound on p is at least u. A certified accuracy at radius r is S(Phi(r/sigma)), so this compares
certified accuracy at every radius, and needs no budget to be chosen.

- Logs are compared inside one data set, noise level and budget. Where both certified the same images, image by image
  (McNemar's exact test); where the images differ, as two samples (Fisher's exact test); where a method was trained
  several times, over runs. All tests of a group together err with probability at most {LEVEL:.0%} (Holm).
- *Ahead*: significantly more images at some u, significantly fewer at none. *Cross*: each is significantly ahead
  somewhere, so neither is better. *Tie*: no difference can be told from noise.
- Nobody in a tier is behind anybody of the same or a later tier. Entries of one tier tie or cross.
- A single run says what these weights do on these images. A new run of the same training may differ by more.
- Logs that cannot be what they say, that have another certificate, or fewer than 100 images are listed, not compared.
"""


def _easy(found: Sequence[Gain]) -> Iterator[str]:
    yield "## Where methods gain on Gaussian training\n"
    yield (
        "Each entry against plain Gaussian training of the same network at the same noise level, from the same"
        " repository where it has one. Images certified are those at any radius, S(0.5); every count is of differences"
        " beyond noise. In the second table, numbers are percentage points of S(u) with one standard error, * marks"
        " those beyond noise, and ACR is as printed.\n"
    )
    if not found:
        yield "No entry has such a reference here.\n"
        return
    yield from _by_method(found)
    counted = Counter(gain.kind for gain in found)
    yield "\n".join(f"- {told(kind)}: {number} of {len(found)}" for kind, number in counted.most_common()) + "\n"
    heads = " | ".join(f"S({U[k]:g})" for k in SHOWN)
    lines = [f"| data set | sigma | method | runs | images | ACR | {heads} | what |", "|" + "---|" * (len(SHOWN) + 7)]
    for gain in found:
        cells = []
        for k in SHOWN:
            if k >= len(gain.lead):
                cells.append("")
                continue
            mark = "*" if gain.significant[k] else ""
            cells.append(f"{100 * gain.lead[k]:+.1f}{mark} ± {100 * gain.error[k]:.1f}")
        runs = f"{gain.runs} / {gain.reference_runs}"
        name = _cell(f"{gain.name} [{gain.repository}]")
        acr = f"{gain.acr:.3f} / {gain.reference_acr:.3f}"
        first = f"| {_cell(gain.data)} | {gain.sigma:g} | {name} | {runs} | {gain.images:,} | {acr} |"
        lines.append(f"{first} {' | '.join(cells)} | {told(gain.kind)} |")
    yield "\n".join(lines) + "\n"


def _by_method(found: Sequence[Gain]) -> Iterator[str]:
    """One row per method and data set."""
    heads = ("method", "data set", "entries", "images", "larger ACR", "certify fewer images", "certify more images",
             "lowest u with a gain", "highest u with a loss")  # fmt: skip
    lines = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    for method, data in sorted({(gain.method, gain.data) for gain in found}):
        of = [gain for gain in found if (gain.method, gain.data) == (method, data)]
        larger = sum(gain.acr > gain.reference_acr for gain in of)
        fewer, more = (sum(gain.certifies == what for gain in of) for what in ("fewer", "more"))
        images = _range([gain.images for gain in of], ",")
        gained, lost = _range([gain.first_gain for gain in of], "g"), _range([gain.last_loss for gain in of], "g")
        cells = (_cell(method), _cell(data), len(of), images, larger, fewer, more, gained, lost)
        lines.append(f"| {' | '.join(map(str, cells))} |")
    yield "\n".join(lines) + "\n"


def _range(values: Sequence[float | None], form: str) -> str:
    """From the least to the greatest of those that are there."""
    known = [value for value in values if value is not None]
    if not known:
        return ""
    low, high = format(min(known), form), format(max(known), form)
    return low if low == high else f"{low} to {high}"


def _standing(standing: Standing) -> str:
    lines = [f"### {_cell(standing.setting.title)}\n"]
    if not standing.complete:
        why = "the budget certifies nothing" if standing.points == 0 else "too many entries to compare all pairs"
        lines.append(f"Not compared: {why}.\n")
    if left := len(standing.group.left_out):
        lines.append(f"Left out: {plural(left, 'log')} that cannot be what they say, or too short.\n")
    lines += ["| tier | method | repository | runs | ACR | ahead of | behind | crosses | ties |", "|" + "---|" * 9]
    for number, tier in enumerate(standing.tiers, 1):
        for i in sorted(tier, key=lambda i: -standing.acr[i]):
            entry = standing.entries[i]
            verdicts: Counter[str] = Counter()
            for pair in standing.pairs:
                if i in (pair.a, pair.b):
                    verdicts[standing.verdict(i, pair.b if pair.a == i else pair.a)] += 1
            counts = " | ".join(str(verdicts[v]) for v in ("ahead", "behind", "cross", "tie"))
            what = f"{_cell(entry.name)} | {_cell(entry.repository)} | {len(entry.rows)} | {standing.acr[i]:.3f}"
            lines.append(f"| {number} | {what} | {counts} |")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return printable(text).replace("|", "\\|")
