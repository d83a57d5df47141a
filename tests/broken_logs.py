"""Logs in several forms, and accidents that happen to them, as Hypothesis strategies."""

from audit_logs import COLUMNS, OWN_COLUMNS, class_counts
from hypothesis import strategies as st

from rstheory import radius_from_count

HEADER = "\t".join(COLUMNS)
STRANGE = [
    "",
    "nan",
    "-inf",
    "1e9",
    "1e309",
    "9" * 40,
    "-1",
    "-0.3",
    "1_0",
    "0x1",
    " 1",
    "1.0",
    "\0",
    "é",
    "True",
    "0.5.1",
]


NEARLY_ROWS = st.lists(st.lists(st.text("01.-e", max_size=3), min_size=6, max_size=7).map("\t".join)).map(
    lambda lines: "\n".join(lines).encode()
)


@st.composite
def plain_logs(draw):
    """Lines of a log in the field's format: 3 significant digits, 4 decimals or full precision, sigma 0.5."""
    form = draw(st.sampled_from(["{:.3}", "{:.4f}", "{!r}"]))
    step = draw(st.sampled_from([1, 20, 100]))
    lines = [HEADER]
    for i in range(draw(st.integers(1, 12))):
        label, predict = draw(st.integers(0, 9)), draw(st.integers(-1, 9))
        radius = 0.0 if predict == -1 else draw(st.floats(1e-5, 1.9))
        lines.append(f"{i * step}\t{label}\t{predict}\t{form.format(radius)}\t{int(label == predict)}\t0:00:08.{i}")
    return lines


@st.composite
def own_logs(draw):
    """Lines of a log of ours, N = 200, alpha = 0.001, sigma = 0.5."""
    lines = ["\t".join(COLUMNS + OWN_COLUMNS)]
    for i in range(draw(st.integers(1, 8))):
        count, label = draw(st.integers(0, 200)), draw(st.integers(0, 9))
        radius = float(radius_from_count(count, 200, 0.001, 0.5))
        predict = draw(st.integers(0, 9)) if radius else -1
        cells = (
            i,
            label,
            predict,
            repr(radius),
            int(label == predict),
            "0",
            count,
            200,
            10,
            0.001,
            0.5,
            class_counts(max(predict, 0), count, 200),
            i,
        )
        lines.append("\t".join(map(str, cells)))
    return lines


@st.composite
def mutated(draw, logs):
    """A log to which one to four accidents have happened."""
    data = ("\n".join(draw(logs)) + "\n").encode()
    accidents = ["bytes", "delete", "insert", "cut end", "swap", "header", "repeat", "drop", "cut line", *["cell"] * 8]
    for accident in draw(st.lists(st.sampled_from(accidents), min_size=1, max_size=4)):
        where = draw(st.integers(0, max(len(data) - 1, 0)))
        lines = data.split(b"\n")
        row = draw(st.integers(0, len(lines) - 1))
        cells = lines[row].split(b"\t")
        cell = min(draw(st.integers(0, len(cells) - 1) | st.sampled_from([2, 3, 4])), len(cells) - 1)
        if accident == "bytes":
            data = data[:where] + draw(st.binary(min_size=1, max_size=3)) + data[where + 1 :]
        elif accident == "delete":
            data = data[:where] + data[where + draw(st.integers(1, 40)) :]
        elif accident == "insert":
            data = data[:where] + draw(st.binary(max_size=5) | st.just(b"\0" * 50)) + data[where:]
        elif accident == "cut end":
            data = data[:where]
        elif accident == "cell":
            cells[cell] = draw(st.sampled_from(STRANGE)).encode()
        elif accident == "swap":
            other = draw(st.integers(0, len(cells) - 1))
            cells[cell], cells[other] = cells[other], cells[cell]
        elif accident == "header":
            lines.insert(row, lines[0])
        elif accident == "repeat":
            lines.append(lines[row])
        elif accident == "drop":
            del lines[row]
        elif accident == "cut line":
            lines[row] = lines[row][: draw(st.integers(0, len(lines[row])))]
        if accident in ("cell", "swap"):
            lines[row] = b"\t".join(cells)
        if accident in ("cell", "swap", "header", "repeat", "drop", "cut line"):
            data = b"\n".join(lines)
    return data


CELLS = {
    "label": ["tensor({})", "tensor([{}])", "{}.0", " {}", "{} ", "+{}"],
    "predict": ["tensor({})", "{}.0", "{} "],
    "radius": ["tensor({})", " {} "],
    "correct": ["{}.0", "tensor({})"],
}


@st.composite
def dialect_logs(draw):
    """Lines of a log whose cells are printed in another way; some without time."""
    lines = [line.split("\t") for line in draw(plain_logs())]
    for name, forms in CELLS.items():
        form = draw(st.sampled_from(["{}", *forms]))
        for cells in lines[1:]:
            place = COLUMNS.index(name)
            cells[place] = form.format(cells[place])
    words = draw(st.sampled_from([None, ("false", "true"), ("no", "yes"), ("False", "True")]))
    for cells in lines[1:] if words else ():
        cells[4] = words[int("1" in cells[4])]
    columns = 6 if draw(st.booleans()) else 5
    join = draw(st.sampled_from(["\t", " \t", "\t ", "  \t  "]))
    return [join.join(cells[:columns]) for cells in lines]
