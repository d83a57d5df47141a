"""Certification logs as text, and what reading them finds."""

from pathlib import Path

from audit_logs import COLUMNS, OWN_COLUMNS, class_counts

from rstheory import radius_from_count

HEADER = "\t".join(COLUMNS)
ROWS = (
    "0\t3\t3\t1.15\t1\t0:00:08.5",
    "1\t8\t8\t1.9\t1\t0:00:08.1",
    "2\t8\t1\t0.529\t0\t1 day, 0:00:08",
    "3\t0\t-1\t0.0\t0\t0",
)


def write(folder: Path, lines, name: str = "noise_0.5.tsv", end: str = "\n") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes((end.join(lines) + end).encode())
    return path


def own_lines(counts, n=1000, alpha=0.001, sigma=0.25, fmt=repr):
    """Lines of a log of ours: sample i has label and prediction i % 10 and count counts[i]; 0 is an abstention."""
    lines = ["\t".join(COLUMNS + OWN_COLUMNS)]
    for i, k in enumerate(counts):
        radius = float(radius_from_count(k, n, alpha, sigma))
        predict = i % 10 if radius > 0 else -1
        cells = (
            i,
            i % 10,
            predict,
            fmt(radius),
            int(radius > 0),
            "0:00:01",
            k,
            n,
            100,
            alpha,
            sigma,
            class_counts(i % 10, k, n),
            7,
        )
        lines.append("\t".join(map(str, cells)))
    return lines


def row(index, radius="0.529", label=3, predict=3, correct=1):
    return f"{index}\t{label}\t{predict}\t{radius}\t{correct}\t0:00:01"


def codes(log):
    return [finding.code for finding in log.warnings]
