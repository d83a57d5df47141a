"""The verdict of an audit in words: at most MOST_LINES lines, whatever the number of logs; the first is its title."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from rstheory._words import plural
from rstheory.audit.verdict import Dependence, GroupVerdict, Suspect, Verdict
from rstheory.statistics.crossing import CrossingInterval
from rstheory.trivial import Budget

MOST_LINES = 10  # the title and all
_OTHERS = 4  # title, suspects, constant classifier, what to report instead
_NAMED = 3  # logs, or places, named in one line before the rest is counted


def sentences(verdict: Verdict) -> list[str]:
    """The lines of the verdict, the title first; none where there is no log."""
    if not verdict.logs:
        return []
    common = _common_settings(verdict.groups)
    lines = [_title(verdict, common), _suspects(verdict.suspects)]
    lines += _groups(verdict.groups, common, MOST_LINES - _OTHERS)
    return [line for line in (*lines, _constant(verdict.groups, common), _instead(verdict.groups)) if line]


# -- the title and the settings ---------------------------------------------------------------------------------------


def _common_settings(groups: Sequence[GroupVerdict]) -> dict[str, float]:
    """Those of sigma, n and alpha that all groups share: said once."""
    names = ("sigma", "n", "alpha")
    return {name: getattr(groups[0], name) for name in names if len({getattr(group, name) for group in groups}) == 1}


def _settings(values: dict[str, float]) -> str:
    symbols = {"sigma": "sigma", "n": "N", "alpha": "alpha"}
    return ", ".join(f"{symbols[name]}={value:{',' if name == 'n' else 'g'}}" for name, value in values.items())


def _title(verdict: Verdict, common: dict[str, float]) -> str:
    told = [_settings(common)] if common else []
    if verdict.assumed:
        told.append(" and ".join({"n": "N", "alpha": "alpha"}[name] for name in verdict.assumed) + " assumed")
    text = f"Verdict on {plural(verdict.logs, 'log')}"
    if len(verdict.groups) > 1:
        text += f" in {len(verdict.groups)} groups, each of one noise level, budget and set of images"
    text += f" ({'; '.join(told)})." if told else "."
    return text


def _name(group: GroupVerdict, common: dict[str, float]) -> str:
    """What tells a group from the others, as far as it is not said in the title."""
    own = {name: getattr(group, name) for name in ("sigma", "n", "alpha") if name not in common}
    return ", ".join(part for part in (group.label, _settings(own)) if part)


# -- logs that cannot be what they say --------------------------------------------------------------------------------


def _suspects(suspects: Sequence[Suspect]) -> str:
    if not suspects:
        return "No log contradicts itself."
    by_reason = [(why, list(alike)) for why, alike in groupby(sorted(suspects, key=_reason), key=_reason)]
    by_reason.sort(key=lambda pair: -len(pair[1]))
    return "Cannot be what they say: " + "; ".join(f"{_listed(alike)}: {why}" for why, alike in by_reason) + "."


def _reason(suspect: Suspect) -> str:
    if suspect.fits is None:
        return suspect.reason
    n, alpha = suspect.fits
    return f"{suspect.reason}; they fit N={n:,}, alpha={alpha:g}"


def _listed(suspects: Sequence[Suspect]) -> str:
    texts = [f"{s.log} ({s.rows:,} of {plural(s.samples, 'row')})" for s in suspects[:_NAMED]]
    more = f" and {len(suspects) - _NAMED} more" if len(suspects) > _NAMED else ""
    return ", ".join(texts) + more


# -- the logs of a group ----------------------------------------------------------------------------------------------


def _groups(groups: Sequence[GroupVerdict], common: dict[str, float], room: int) -> list[str]:
    """Two lines for each group of several logs and one for each other, or less where there is no room for so much."""
    ranked = sorted(groups, key=lambda group: -len(group.order))
    several, single = [g for g in ranked if len(g.order) > 1], [g for g in ranked if len(g.order) == 1]
    alone = [_heading(group, common) + _alone(group) for group in single]
    rest: list[str] = []
    if 2 * len(several) + len(alone) > room and len(alone) > 1:
        alone, rest = [], [f"{len(single)} logs without another to compare with."]
    if 2 * len(several) + len(alone) + len(rest) <= room:
        return [*(_heading(g, common) + text for g in several for text in _texts(g)), *alone, *rest]
    lines = [_heading(group, common) + " ".join(_texts(group)) for group in several]
    if len(lines) + len(alone) + len(rest) > room:
        shown = room - len(alone) - len(rest) - 1
        rest = [f"{len(lines) - shown} more groups of several logs: see below.", *rest]
        lines = lines[:shown]
    return [*lines, *alone, *rest]


def _heading(group: GroupVerdict, common: dict[str, float]) -> str:
    name = _name(group, common)
    return f"{name}: " if name else ""


def _texts(group: GroupVerdict) -> list[str]:
    """Who is first in a group of several logs, and what that depends on."""
    if group.by_budget is None or group.by_radius is None:
        return [f"{group.order[0]} has the largest ACR, {group.acr[0]:.4f}; not tested."]
    changes = [_changes(group, group.by_budget, "N")] if len(group.by_budget.places) > 1 else []
    return [_standing(group), " ".join([*changes, _changes(group, group.by_radius, "r")])]


def _alone(group: GroupVerdict) -> str:
    """The one log of a group."""
    text = f"{group.order[0]} has ACR {group.acr[0]:.4f}"
    fewer = [(n, acr) for n, acr in group.acr_at if n in (1_000, 10_000)]
    if fewer:
        text += ", and " + " and ".join(f"{acr:.4f} with N={n:,}" for n, acr in fewer)
    return text + "."


def _standing(group: GroupVerdict) -> str:
    """Who is first, and who follows."""
    acr = dict(zip(group.order, group.acr, strict=True))
    first, *others = group.top
    text = f"{first} has the largest ACR, {acr[first]:.4f}"
    if others:
        named = " and ".join(f"{name} ({acr[name]:.4f})" for name in others[:_NAMED])
        more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
        verb = "is" if len(others) == 1 else "are"
        text += f", but {named}{more} {verb} within error of it"
    else:
        text += ", beyond error"
    if after := group.tiers[1:]:
        shown = [" = ".join(tier) for tier in after[:6]]
        text += f". Then {'; '.join(shown)}" + ("; ..." if len(after) > 6 else "")
    return f"{text}."


def _changes(group: GroupVerdict, found: Dependence, symbol: str) -> str:
    """Whether the order by ACR is another one at other budgets, or radii, whether beyond error, and who leads there."""
    beyond = len(found.contradictions)
    changed = beyond + found.within
    if not changed:
        return f"With {symbol} the order stays."
    text = f"With {symbol} the order changes"
    if found.pairs > 1:
        how_many = "none" if not beyond else "all" if beyond == changed else f"{beyond}"
        text += f" for {changed} of {found.pairs} pairs, {how_many} beyond error"
    else:
        text += ", beyond error" if beyond else ", within error"
    leads = _leads_elsewhere(group, found, symbol)
    if not leads and beyond:
        most = max(found.contradictions, key=lambda pair: len(pair.at))
        leads = f"{most.below} leads {most.above} at {_at(symbol, most.at)}"
    elif not leads and symbol == "N" and group.crossing is not None and isinstance(group.crossing.estimate, int):
        return f"{text} ({_overtaking(group.order, group.crossing)})."
    elif not beyond and leads:
        return f"{text}. Beyond error {leads}."
    return f"{text}: {leads}." if leads else f"{text}."


def _overtaking(order: Sequence[str], found: CrossingInterval) -> str:
    """At which budget the first log overtakes the second, with its interval."""
    low, high = (f"{end:,}" if isinstance(end, int) else end for end in (found.low, found.high))
    return f"{order[0]} passes {order[1]} at N={found.estimate:,}, {100 * (1 - found.rho):g} %: {low} to {high}"


def _leads_elsewhere(group: GroupVerdict, found: Dependence, symbol: str) -> str:
    """Who leads where the log with the largest ACR is behind by more than error."""
    places: dict[str, list[float]] = {}
    for place, first in zip(found.places, found.first, strict=True):
        if first and group.order[0] not in first:
            places.setdefault(first[0], []).append(place)
    last = group.order[-1] if len(group.order) > 2 else ""
    texts = [
        f"{name}{', last by ACR,' if name == last else ''} leads at {_at(symbol, at)}" for name, at in places.items()
    ]
    return "; ".join(texts[:_NAMED]) + (" and others elsewhere" if len(texts) > _NAMED else "")


def _at(symbol: str, places: Sequence[float]) -> str:
    texts = [f"{place:,}" if symbol == "N" else f"{place:g}" for place in places]
    if len(texts) > _NAMED:
        return f"{symbol}={texts[0]} to {texts[-1]}"
    return f"{symbol}={', '.join(texts)}"


# -- the constant classifier, and what to report ----------------------------------------------------------------------


def _constant(groups: Sequence[GroupVerdict], common: dict[str, float]) -> str:
    """What the constant classifier has: at each noise level if only this differs, else where it comes nearest."""
    known = [(group, group.constant) for group in groups if group.constant is not None and group.acr[0] > 0]
    if not known:
        return ""
    group, constant = max(known, key=lambda pair: pair[1].acr / pair[0].acr[0])
    only_sigma = len({(g.label, g.n, g.alpha, c.share) for g, c in known}) == 1 and len(known) <= _NAMED
    shown = known if only_sigma else [(group, constant)]
    text = f"A constant classifier has ACR {', '.join(f'{c.acr:.4f}' for _, c in shown)}"
    if only_sigma and len(known) > 1:
        text += f" at sigma={', '.join(f'{g.sigma:g}' for g, _ in known)}"
    elif name := _name(group, common):
        text += f" at {name}"
    text += f" (the most frequent of {constant.classes} labels has {100 * constant.share:.1f} % of the samples)"
    beaten = [name for g, c in known for name in c.beaten]
    if beaten:
        text += f": no less than {' and '.join(beaten[:_NAMED])}"
        text += f" and {len(beaten) - _NAMED} more" if len(beaten) > _NAMED else ""
    elif constant.passes_first_at is not None:
        where = f" at sigma={group.sigma:g}" if only_sigma and len(known) > 1 else ""
        text += f"; with N={_draws(constant.passes_first_at)} it passes {group.order[0]}{where}"
    return f"{text}."


def _draws(budget: Budget) -> str:
    """A number of draws, by its logarithm where it has many digits."""
    return f"{budget.n:,}" if budget.n is not None and budget.n < 10**7 else f"10^{budget.log10_n:.1f}"


def _instead(groups: Sequence[GroupVerdict]) -> str:
    text = "Report instead: certified accuracy at several r with its error, beside sigma, N and alpha"
    text += " (--figures draws the curves and their bands)"
    if any(group.tiers for group in groups):
        text += (
            ". Name no winner within error: paired tests over the images (5 % for all pairs at once) see no difference"
            " there, and what another training run would change is not even in it"
        )
    return f"{text}."
