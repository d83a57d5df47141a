"""Every code block of the README and the documentation runs, or says why not; and nothing there is out of date."""

import sys
import tomllib
from importlib import import_module

import document_blocks
import pytest
from document_blocks import DIRECTIVES, REASONS, ROOT, RUN, SHOWN, Session, blocks_of, commands_of

sys.path.append(str(ROOT / "docs"))  # the modules that Sphinx uses

DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(p for p in DOCS.rglob("*.md") if not {"_build", "_made"} & set(p.parts))]
CELLS = DOCS / "tutorials"


def name(page):
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_block_of_the_page_runs(page, tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("COLUMNS", "160")
    session = Session(name(page), tmp_path)
    for block in blocks_of(page.read_text(encoding="utf-8")):
        if block.reason is None and block.language in RUN:
            session.run(block)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_what_is_not_run_says_why(page):
    for block in blocks_of(page.read_text(encoding="utf-8")):
        where = f"{name(page)}:{block.line}"
        if block.reason is not None:
            assert block.reason in REASONS, f"{where}: {block.reason!r} is not one of the reasons"
            assert block.language in RUN, f"{where}: nothing would be run there anyway"
        elif block.language.startswith("{code-cell}"):
            assert page.parent == CELLS, f"{where}: only the tutorials are executed by Sphinx"
        else:
            known = block.language in (*RUN, *SHOWN) or DIRECTIVES.fullmatch(block.language)
            assert known, f"{where}: {block.language!r} is neither run nor known to be a text"
            assert block.language != "" or not block.text.lstrip().startswith(
                ("$", ">>>", "pip ", "rstheory ", "make ")
            ), f"{where}: this looks like something to type: mark it as console or pycon"


def test_blocks_are_found_and_most_of_them_run():
    """Against a reader of pages that finds nothing, and against too many exceptions."""
    blocks = [block for page in PAGES for block in blocks_of(page.read_text(encoding="utf-8"))]
    typed = [block for block in blocks if block.language in RUN]
    cells = [block for block in blocks if block.language.startswith("{code-cell}")]
    left_out = [block.reason for block in typed if block.reason]
    assert len(typed) >= 14
    assert len(cells) >= 20
    assert len(left_out) <= (len(typed) + len(cells)) / 4
    assert set(left_out) == set(REASONS), "a reason that nothing needs is deleted"


PAGE = """
Text.

```console
$ echo one
one
```

<!-- not run: installs -->
```console
$ exit 3
```

```pycon
>>> x = 1
```

```pycon
>>> x + 1
{number}
```
"""


def test_a_wrong_output_is_seen(tmp_path):
    right = blocks_of(PAGE.format(number=2))
    assert [(block.language, block.reason) for block in right] == [
        ("console", None), ("console", "installs"), ("pycon", None), ("pycon", None),
    ]  # fmt: skip
    session = Session("page.md", tmp_path)
    for block in right:
        if block.reason is None:
            session.run(block)
    assert session.ran == 3
    wrong = blocks_of(PAGE.format(number=3).replace("\none\n", "\ntwo\n"))
    with pytest.raises(AssertionError, match=r"page\.md:.*\n.*prints"):
        session.run(wrong[0])
    with pytest.raises(AssertionError, match="exit 3"):
        session.run(wrong[1])
    with pytest.raises(AssertionError, match=r"Expected:\n\s+3"):
        session.run(wrong[3])
    assert commands_of("$ a \\\n  b\nout\n$ c\n") == [("a \\\n  b", "out\n"), ("c", "")]
    assert document_blocks.run_command("rstheory no-such-command")[0] == 2


def test_every_claim_of_the_ledger_names_what_computes_it_and_what_shows_it():
    from claims import FIGURES, FUNCTIONS

    from proofs.ledger import LEDGER

    assert {row.item for row in LEDGER} <= set(FUNCTIONS), "docs/claims.py lacks a row"
    for names in FUNCTIONS.values():
        for path in names:
            module, _, last = path.rpartition(".")
            if module.rpartition(".")[2][:1].isupper():  # a method
                module, _, owner = module.rpartition(".")
                assert hasattr(getattr(import_module(module), owner), last), path
            else:
                assert hasattr(import_module(module), last), path
    for files in FIGURES.values():
        for file in files:
            assert (ROOT / file).is_file(), file


def test_every_finding_is_explained():
    from rstheory.logs.finding import CODES

    text = (DOCS / "formats" / "findings.md").read_text(encoding="utf-8")
    assert [code for code in CODES if f"| `{code}` |" not in text] == []


def test_version_of_the_citation_and_of_the_changes_is_that_of_the_package():
    import rstheory

    assert f"\nversion: {rstheory.__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\n## {rstheory.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_tools_that_are_pinned_are_tools_that_are_asked_for():
    """Each line of the constraints is a direct dependency of some extra, so that nothing is pinned for nobody."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]
    wanted = {one.partition(">=")[0].strip() for one in asked} - {one for one in asked if one.startswith("rstheory[")}
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {line.partition("==")[0] for line in lines if line and not line.startswith("#")}
    assert pinned == wanted


def test_readme_fits_on_a_screen():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 120
