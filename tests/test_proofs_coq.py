"""`proofs/coq/`: the theorems of the ledger are proved, in words too; shortcuts and wrong statements are refused."""

import re
from pathlib import Path

import pytest

from proofs import runners, statements
from proofs.ledger import LEDGER, Check

ROOT = Path(__file__).resolve().parent.parent
PROOFS = ROOT / "proofs"
CHECKS = list(dict.fromkeys(check for row in LEDGER for check in row.checks))


COQ_FILES = sorted((PROOFS / "coq").glob("*.v"))
WRONG_FILES = sorted((PROOFS / "coq" / "Wrong").glob("*.v"))
NO_COQ = runners.coq_missing()


def test_there_are_coq_files():
    assert COQ_FILES
    assert WRONG_FILES


@pytest.mark.parametrize("path", COQ_FILES, ids=lambda path: path.stem)
def test_coq_file_takes_no_shortcut(path):
    assert runners.shortcuts(path) == []


def test_every_coq_file_is_compiled():
    listed = (PROOFS / "coq" / "_CoqProject").read_text(encoding="utf-8").split()
    assert {path.name for path in COQ_FILES} == {name for name in listed if name.endswith(".v")}


@pytest.mark.parametrize(
    "word", ["Admitted.", "admit.", "Axiom a : False.", "Parameter x : nat.", "Axioms a b : False."]
)
def test_a_shortcut_is_seen(word, tmp_path):
    file = tmp_path / "shortcut.v"
    file.write_text(f"(* no (* Admitted *) here: Axiom *)\nTheorem t : True. (* fine *) {word}\n", encoding="utf-8")
    assert runners.shortcuts(file) == [word.rstrip(".").split()[0]]


def test_comments_are_no_shortcuts(tmp_path):
    file = tmp_path / "comment.v"
    file.write_text("(* Admitted (* nested *) Axiom *) Theorem t : True. Proof. exact I. Qed.\n", encoding="utf-8")
    assert runners.shortcuts(file) == []


def test_printed_assumptions_are_read():
    source = """Print Assumptions one. (* Print Assumptions no. *)
        Definition g := ( @two,
          @three' ).
        Print Assumptions g."""
    output = "Closed under the global context\nAxioms:\nClassical_Prop.classic : forall P : Prop, P\nM.ax\n  : False\n"
    axioms = runners.printed_assumptions(source, output)
    assert axioms == {
        "one": (),
        "two": ("Classical_Prop.classic", "M.ax"),
        "three'": ("Classical_Prop.classic", "M.ax"),
    }
    with pytest.raises(ValueError, match="asks 2 questions, coqc printed 0 answers"):
        runners.printed_assumptions(source, "")


def test_a_theorem_is_quoted_with_its_words_and_what_its_section_assumes():
    text = """(** * Heading *)
        Section Outer. Variable x : R. (** Zero. *) Lemma zero : 0 = 0. Proof. auto. Qed.
        Section Inner. Hypothesis positive : 0 < x.
        (** A comment, (* nested *) and quoted. *)
        Theorem one (y : R) :
          0 < y -> x <= 1.5 * y.
        Proof. trivial. Qed.
        End Inner.
        (** ** A heading is no statement *)
        Theorem two : x = x. Proof. auto. Qed. End Outer.
        (* Not for documentation. *)
        Corollary three' : 1 = 1. Proof. auto. Qed."""
    found = statements.statements(text)
    assert list(found) == ["zero", "one", "two", "three'"]
    assert found["one"].words == "A comment, (* nested *) and quoted."
    assert found["one"].given == ("Variable x : R.", "Hypothesis positive : 0 < x.")
    assert " ".join(found["one"].formal.split()) == "Theorem one (y : R) : 0 < y -> x <= 1.5 * y."
    assert found["zero"].given == found["two"].given == ("Variable x : R.",)
    assert found["two"].words == found["three'"].words == ""
    assert found["three'"].given == ()


FORMAL = list(
    dict.fromkeys((formal.file, name) for formal in CHECKS if formal.kind == "formal proof" for name in formal.names)
)


@pytest.mark.parametrize(("file", "name"), FORMAL, ids=lambda part: part.rsplit("/", 1)[-1])
def test_every_theorem_of_the_ledger_says_in_words_what_it_states(file, name):
    statement = statements.statements_of(ROOT / file)[name]
    assert statement.words.endswith(".")
    assert len(statement.words) > 15
    assert statement.formal.endswith(".")


def test_a_theorem_without_words_is_refused(monkeypatch):
    bare = statements.Statement("B3_refuted", "", (), "Theorem B3_refuted : True.")
    monkeypatch.setattr(runners, "statements_of", lambda path: {"B3_refuted": bare})
    result = runners.judge_coq(
        Check("formal proof", "proofs/coq/B3.v", ("B3_refuted",)), runners.CoqBuild({"B3_refuted": ()}, None, 0.0)
    )
    assert result.status == "fail"
    assert "does not say in words" in result.detail


@pytest.mark.skipif(NO_COQ is not None, reason=NO_COQ or "")
def test_coq_proves_the_ledger_s_theorems_and_refuses_the_wrong_ones():
    """One build, hence one test: under xdist a fixture would build once a worker.

    What `make` left compiled is kept here; check.py builds from nothing. Each file of Wrong/ names, in its comment, the
    message with which coqc must refuse it, so that a missing import does not pass for a refusal.
    """
    build = runners.build_coq(fresh=False, try_wrong=True)
    assert build.error is None
    assert build.axioms
    for name, axioms in build.axioms.items():
        assert set(axioms) <= runners.STANDARD_AXIOMS, name
    for formal in (c for c in CHECKS if c.kind == "formal proof"):
        result = runners.judge_coq(formal, build)
        assert result.status == "pass", result.detail
    assert set(build.wrong) == {path.name for path in WRONG_FILES}
    for path in WRONG_FILES:
        expected = re.search(r'coqc must refuse it:\s*"([^"]+)"', path.read_text(encoding="utf-8"))
        assert expected is not None, f"{path.name} does not say how it is refused"
        said = build.wrong[path.name]
        assert said is not None, f"coqc accepted {path.name}"
        assert " ".join(expected.group(1).split()) in " ".join(said.split()), path.name


@pytest.mark.parametrize(
    ("name", "axioms", "complaint"),
    [
        ("B3_no_such_theorem", {}, "has no theorem B3_no_such_theorem"),
        ("B3_refuted", {}, "does not print the assumptions of B3_refuted"),
        ("B3_refuted", {"B3_refuted": ("Cheating.axiom",)}, "B3_refuted assumes Cheating.axiom"),
    ],
)
def test_a_theorem_that_is_not_proved_is_refused(name, axioms, complaint):
    build = runners.CoqBuild(axioms, None, 0.0)
    result = runners.judge_coq(Check("formal proof", "proofs/coq/B3.v", (name,)), build)
    assert result.status == "fail"
    assert complaint in result.detail


def test_a_build_that_failed_proves_nothing():
    build = runners.CoqBuild({"B3_refuted": ()}, "Error: no", 0.0)
    assert runners.judge_coq(Check("formal proof", "proofs/coq/B3.v", ("B3_refuted",)), build).status == "fail"
