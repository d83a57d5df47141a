"""Logs whose samples a rule stopped, or whose radii another bound proves, written without a network."""

import numpy as np

from rstheory.bounds import Evidence, named, uniform
from rstheory.logs.schema import COLUMNS, RANDOMIZED_LOG, STOPPED_LOG, TWO_CLASS_LOG
from rstheory.logs.write import row
from rstheory.radius import certified_radius_sf

SETTING = {"n0": 100, "alpha": 0.001, "sigma": 0.5, "seed": 3, "tau": "1.5e-10", "noise": "made-up", "dtype": "float32",
           "weights": "0123", "data": "made up", "kernels": "made-up", "software": "tests"}  # fmt: skip


def drawn_until_stopped(rule, p, seed):
    """(successes, draws) of samples under a rule, one for each success probability."""
    rng, p = np.random.default_rng(seed), np.asarray(p)
    count, draws, open_ = np.zeros(len(p), dtype=np.int64), np.zeros(len(p), dtype=np.int64), np.ones(len(p), bool)
    for look in rule.looks:
        count[open_] += rng.binomial(look - draws[open_], p[open_])
        draws[open_] = look
        open_[open_] = rule.decide(count[open_], look).more > 0
        if not open_.any():
            break
    return count, draws


def stopped_lines(rule, probabilities, seed=0):
    """Lines of a log whose sample i has label i % 10 and is drawn with the i-th of some success probabilities."""
    counts, drawn = drawn_until_stopped(rule, probabilities, seed)
    lines = [STOPPED_LOG.header]
    radii = np.asarray(certified_radius_sf(rule.decide(counts, drawn).lower_sf, SETTING["sigma"])).tolist()
    for i, (count, draws, radius) in enumerate(zip(counts.tolist(), drawn.tolist(), radii, strict=True)):
        own = {"draws": draws, "rule": f"{rule.name} 0123456789abcdef"}
        lines.append(_line(STOPPED_LOG, i, count, draws, rule.cap, f"{radius:#.17g}" if radius else radius, own))
    return lines


def bound_lines(bound, counts, n):
    """Lines of a log of a fixed n: sample i has label i % 10, counts[i] draws for it, and the rest in two rivals."""
    form = {"randomized": RANDOMIZED_LOG, "two-class": TWO_CLASS_LOG}[bound]
    lines = [form.header]
    for i, count in enumerate(counts):
        u = float(uniform(SETTING["seed"], i))
        rival = -(-(n - count) // 2)
        radius = float(named(bound)(Evidence(count, rival, n, u), SETTING["alpha"], SETTING["sigma"]))
        own = {"bound": bound} | ({"u": u} if bound == "randomized" else {})
        lines.append(_line(form, i, count, n, n, radius, own))
    return lines


def _line(form, i, count, draws, n, radius, own):
    label, rest = i % 10, draws - count
    votes = [0] * 10
    votes[label], votes[(label + 1) % 10], votes[(label + 2) % 10] = count, -(-rest // 2), rest // 2
    predict = label if float(radius) > 0 else -1
    cells = {"idx": i, "label": label, "predict": predict, "radius": radius, "correct": int(predict == label),
             "time": "0.1", "count": count, "n": n, "counts": ",".join(map(str, votes))}  # fmt: skip
    return row(form, cells | SETTING | own)


def with_cell(line, form, column, cell):
    """The line with another cell."""
    cells = line.split("\t")
    cells[form.columns.index(column)] = str(cell)
    assert column in COLUMNS
    return "\t".join(cells)
