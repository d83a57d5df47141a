"""The ledger of `proofs/` is complete and true, and `proofs/check.py` says what it finds."""

import ast
import doctest
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("flint")

from proofs import check, render, runners, statements
from proofs.intervals import anytime, constants, randomized, subdivision
from proofs.ledger import LEDGER, Check, Row
from proofs.symbolic import all as symbolic

ROOT = Path(__file__).resolve().parent.parent
PROOFS = ROOT / "proofs"
CHECKS = list(dict.fromkeys(check for row in LEDGER for check in row.checks))


ITEMS = [f"{section}{i}" for section, last in (("A", 5), ("B", 7), ("C", 15), ("D", 9)) for i in range(1, last + 1)]
ITEMS += ["E4", *(f"G{i}" for i in range(1, 6)), "H1", "H3"]


def test_ledger_has_every_item_once_and_in_order():
    assert [row.item for row in LEDGER] == ITEMS


@pytest.mark.parametrize("row", LEDGER, ids=lambda row: row.item)
def test_row_is_filled_in(row):
    assert isinstance(row, Row)
    assert row.checks
    assert row.statement
    assert row.verdict
    assert row.not_covered
    if row.verdict.startswith("proved"):
        assert {c.kind for c in row.checks} & {"formal proof", "ball arithmetic", "written proof"}


@pytest.mark.parametrize("named", CHECKS, ids=lambda c: f"{c.file}:{','.join((*c.names, *map(str, c.arguments)))}")
def test_what_the_ledger_names_exists(named):
    path = ROOT / named.file
    assert path.is_file()
    text = path.read_text(encoding="utf-8")
    if named.kind in ("property test", "ball arithmetic"):
        functions = {node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)}
        assert set(named.names) <= functions
    elif named.kind == "formal proof":
        assert named.names
        for name in named.names:
            assert re.search(rf"\b(Theorem|Lemma|Corollary)\s+{re.escape(name)}\b", text), name
    elif named.kind == "symbolic derivation":
        assert symbolic.derivations(*named.arguments)


def test_every_symbolic_item_is_in_the_ledger():
    assert {c.arguments[0] for c in CHECKS if c.kind == "symbolic derivation"} == set(symbolic.ITEMS)


def test_pytest_collects_every_test_that_the_ledger_names():
    nodes = runners.node_ids([c for c in CHECKS if c.kind == "property test"])
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *nodes]
    collected = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert collected.returncode == 0, collected.stdout[-2000:] + collected.stderr
    found = {line.split("[")[0] for line in collected.stdout.splitlines() if "::" in line}
    assert set(nodes) <= found


@pytest.mark.parametrize(
    "module", [subdivision, constants, anytime, randomized, render, statements], ids=lambda module: module.__name__
)
def test_the_examples_in_the_docstrings(module):
    results = doctest.testmod(module)
    assert results.failed == 0
    assert results.attempted > 0


def test_what_check_writes_is_up_to_date():
    assert (PROOFS / "README.md").read_text(encoding="utf-8") == render.render(LEDGER)
    assert (PROOFS / "STATEMENTS.md").read_text(encoding="utf-8") == render.render_statements(LEDGER)


def test_a_theorem_that_changes_makes_its_quotation_out_of_date(monkeypatch):
    """So that a line of the ledger and the theorem behind it are read together."""
    changed = statements.statements((PROOFS / "coq" / "D1.v").read_text(encoding="utf-8").replace("< 1) l", "<= 1) l"))
    of_file = statements.statements_of
    monkeypatch.setattr(render, "statements_of", lambda path: changed if path.name == "D1.v" else of_file(path))
    assert (PROOFS / "STATEMENTS.md").read_text(encoding="utf-8") != render.render_statements(LEDGER)


def test_one_item_runs_from_the_command_line():
    command = [sys.executable, PROOFS / "check.py"]
    done = subprocess.run([*command, "B6"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 pass" in done.stdout
    unknown = subprocess.run([*command, "Z9"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert unknown.returncode == 2
    assert "Z9" in unknown.stderr
    assert "--write" in subprocess.run([*command, "--help"], capture_output=True, text=True, check=False).stdout


def test_a_failure_is_an_exit_status(monkeypatch, capsys):
    """A row whose check is false: printed as fail, and the command fails."""
    import typer

    false = Check("ball arithmetic", "proofs/intervals/convexity.py", ("holds",), (((2, "0.999"),),))
    row = Row("C4", "increments", "new", "false", (false,), "nothing")
    monkeypatch.setattr(check, "LEDGER", (row,))
    monkeypatch.setattr(check, "render", lambda rows: (PROOFS / "README.md").read_text(encoding="utf-8"))
    monkeypatch.setattr(check, "render_statements", lambda rows: (PROOFS / "STATEMENTS.md").read_text(encoding="utf-8"))
    with pytest.raises(typer.Exit) as stopped:
        check.main(items=None, write=False, strict=False, jobs=1)
    assert stopped.value.exit_code == 1
    assert "1 fail" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["README", "STATEMENTS"])
def test_a_stale_document_is_a_failure(name, monkeypatch, tmp_path, capsys):
    import typer

    monkeypatch.setattr(check, "README", tmp_path / "README.md")
    monkeypatch.setattr(check, "STATEMENTS", tmp_path / "STATEMENTS.md")
    rows = tuple(row for row in LEDGER if row.item == "D5")
    monkeypatch.setattr(check, "LEDGER", rows)
    monkeypatch.setattr(
        check, "run", lambda rows, jobs: {c: runners.Result("pass", "") for r in rows for c in r.checks}
    )
    check.main(items=None, write=True, strict=True, jobs=1)
    check.main(items=None, write=False, strict=True, jobs=1)
    (tmp_path / f"{name}.md").write_text("old", encoding="utf-8")
    capsys.readouterr()
    with pytest.raises(typer.Exit):
        check.main(items=None, write=False, strict=False, jobs=1)
    assert f"proofs/{name}.md is out of date" in capsys.readouterr().out


def test_what_is_missing_is_said_once_with_its_cure(monkeypatch, capsys):
    """Without Coq `make proofs` passes, and says what was not checked and how to install it."""
    monkeypatch.setattr(runners.shutil, "which", lambda name: None)
    reason = runners.coq_missing()
    assert reason is not None
    assert "apt-get install make coq" in reason

    def without_coq(rows, jobs):
        return {
            c: runners.Result("skipped", reason) if c.kind == "formal proof" else runners.Result("pass", "")
            for r in rows
            for c in r.checks
        }

    monkeypatch.setattr(check, "run", without_coq)
    check.main(items=["C1", "C2"], write=False, strict=False, jobs=1)
    said = capsys.readouterr().out
    assert said.count("not checked") == 1
    assert f"3 not checked (formal proof): {reason}" in said.splitlines()


def test_progress_is_shown_on_a_terminal_only(monkeypatch):
    assert check._progress().disable
    monkeypatch.setenv("FORCE_COLOR", "1")  # makes rich see a terminal
    assert not check._progress().disable
    kinds = [Check("formal proof", "a"), Check("ball arithmetic", "b"), Check("formal proof", "c")]
    assert check._kinds([kinds[:1], kinds[1:]]) == "formal proof, ball arithmetic"
    assert check._kinds([]) == "done"


def test_a_skip_is_a_failure_only_when_strict(monkeypatch):
    import typer

    monkeypatch.setattr(
        check, "run", lambda rows, jobs: {c: runners.Result("skipped", "no coqc") for r in rows for c in r.checks}
    )
    check.main(items=["E4"], write=False, strict=False, jobs=1)
    with pytest.raises(typer.Exit):
        check.main(items=["E4"], write=False, strict=True, jobs=1)
