"""A page is one file that loads nothing and takes no text for markup, whatever the logs are called."""

import base64
import hashlib
import json
import sys

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from page_reader import read

from rstheory._words import printable
from rstheory.pages import Chart, Choice, Page, Paragraph, Points, Remark, Section, Slider, Switches, Table, View
from rstheory.pages import render as render_page
from rstheory.pages.charts import accuracy_by_radius
from rstheory.pages.render import as_csv
from rstheory.pages.stills import names_in
from rstheory.tables import Column, TextColumn

NASTY = (
    "<script>alert(1)</script>", "</script><script>alert(1)</script>", "<!--", "]]>", "a\"b'c`d", "&lt;b&gt;",
    "<img src=x onerror=alert(1)>", "{{ 7 * 7 }}", "{% raw %}", "\x00\x1b[31m\x7f", "‮gnp.exe", "\u2028", "\udcff",
    "javascript:alert(1)", "${alert(1)}", "datum.x'); alert(1); ('",
)  # fmt: skip


def table(*texts):
    return Table("caption " + texts[0], (TextColumn(texts[0], texts),), (Column("number", ("1",) * len(texts)),))


def page_of(text):
    """A page with a text wherever one can stand, but in charts."""
    blocks = (Paragraph(text), Remark(text), Points(((text, text), ("", text))), table(text))
    controls = (
        Switches("shown", text, (text,), ("var(--c0)",), ((1, 0),)),
        Choice("a", text, (text, text)),
        Slider("step", text, (text,)),
    )
    return Page(text, text, (Section(text, blocks, controls), Section(text, ())), {text: text})


def tags(text):
    return [tag for tag, _ in read(render_page(page_of(text))).elements]


PLAIN = tags("plain")


@settings(max_examples=50)  # a page each
@given(st.text(st.characters(), min_size=1, max_size=40))
@example("\udcff")
def test_text_stays_text(text):
    html = render_page(page_of(text))
    html.encode()  # what cannot be written to a file is written out
    reader = read(html)
    assert [tag for tag, _ in reader.elements] == PLAIN
    assert reader.scripts == []
    assert reader.text.count(printable(text)) >= 10
    assert all(found["href"].startswith("#") for found in reader.all("a"))
    named = [found["data-names"] for found in reader.all("input") if "data-names" in found]
    assert [json.loads(value) for value in named] == [[text]]


@pytest.mark.parametrize("text", NASTY)
def test_nasty_texts(text):
    assert tags(text) == PLAIN


def chart(names):
    frame = pd.DataFrame({"k": [0, 0, 1, 1], "radius": [0.0, 1, 0, 1], "share": [90.0, 10, 80, 20]})
    curves = frame.assign(tail=[0.5, 0.1, 0.5, 0.1], lower=frame["share"] - 5)
    grid = pd.DataFrame({"radius": [0.0, 1], "tail": [0.5, 0.1], "s0": [90, 10], "s1": [80, 20]})
    view = View("by " + names[0], accuracy_by_radius(names, "curves", "grid"))
    return Chart("title " + names[0], "see", (view,), {"curves": curves, "grid": grid}, table(*names))


def page_with_chart(names):
    return Page("page", "summary", (Section("section", (chart(names),)),))


PLAIN_CHART = [tag for tag, _ in read(render_page(page_with_chart(["one", "two"]))).elements]


@pytest.mark.parametrize("text", NASTY)
def test_nasty_names_in_charts(text):
    """In the still, in the data and in the specification."""
    name = printable(text)  # as names of logs are
    html = render_page(page_with_chart([name, "two"]))
    reader = read(html)
    assert [tag for tag, _ in reader.elements] == PLAIN_CHART
    kinds = [attributes.get("type") for attributes in reader.all("script")]
    assert kinds == ["application/json", "application/json", None, None]
    specs = json.loads(reader.scripts[1])
    assert next(param["value"] for param in specs[0]["params"] if param["name"] == "names") == [name, "two"]


def test_only_its_own_scripts_may_run_and_nothing_is_loaded():
    html = render_page(page_with_chart(["one", "two"]))
    reader = read(html)
    contents = [found.get("content", "") for found in reader.all("meta")]
    policy = next(content for content in contents if "default-src" in content)
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    digests = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in reader.scripts[2:]]
    assert rules["script-src"].split() == [*(f"'sha256-{digest}'" for digest in digests), "'unsafe-eval'"]
    links = [value for _, found in reader.elements for name, value in found.items() if name in ("src", "href")]
    assert links
    assert all(link.startswith("#") for link in links)


def test_the_bundle_is_there_once():
    one = render_page(page_with_chart(["one", "two"]))
    both = chart(["one", "two"])
    two = Page("page", "summary", (Section("section", (both,)), Section("another", (both,))))
    assert len(render_page(two)) < len(one) + 60_000


def test_the_same_page_gives_the_same_bytes():
    first, again = (render_page(page_with_chart(["one", "two"])) for _ in range(2))
    assert first == again


def test_different_data_of_one_name_are_refused():
    page = Page("page", "", (Section("section", (chart(["one", "two"]), chart(["one", "two"]))),))
    with pytest.raises(ValueError, match="give different data the name 'curves'"):
        render_page(page)


def test_a_table_of_uneven_columns_is_refused():
    with pytest.raises(ValueError, match=r"columns of table 'c' have \[1, 2\] cells"):
        Table("c", (Column("a", ("1",)),), (Column("b", ("1", "2")),))


def test_a_chart_says_what_to_see():
    with pytest.raises(ValueError, match="needs a title, a sentence"):
        Chart("title", "", (View("", {}),), {}, table("a"))


@pytest.mark.parametrize("name", ["altair", "jinja2", "vl_convert"])
def test_what_is_missing_is_named(name, monkeypatch):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ModuleNotFoundError, match=r"is not installed: pip install 'rstheory\[html\]'"):
        render_page(page_of("text"))


def test_numbers_of_charts_are_short():
    text = as_csv(pd.DataFrame({"a": [1 / 3, -1e-17, float("nan")], "b": ["x", 'y"', "z"]}))
    assert text == 'a,b\n0.333333,x\n0,"y"""\n,z\n'


def test_names_of_data_are_found_wherever_they_stand():
    spec = {
        "data": {"name": "a"},
        "layer": [{"data": {"name": "b"}}, {"data": {"values": [{"name": "c"}]}}, {"data": {"name": "a"}}],
    }
    assert names_in(spec) == ["a", "b"]
