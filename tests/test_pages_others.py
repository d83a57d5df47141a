"""Pages of surveys, attacks and an atlas: the same blocks from other frames."""

import numpy as np
import pandas as pd
import pytest
from atlas_folders import repository
from page_reader import read
from typer.testing import CliRunner

from rstheory import CertificationLog, radius_from_count
from rstheory.atlas import atlas
from rstheory.atlas.standing import standings
from rstheory.audit.sandwich import sandwich
from rstheory.cli import app
from rstheory.logs.attack_log import read_attack_log
from rstheory.logs.schema import ATTACK_LOG
from rstheory.pages import render
from rstheory.pages.atlas import atlas_page
from rstheory.pages.from_frames import table_of
from rstheory.pages.sandwich import sandwich_page
from rstheory.pages.survey import survey_page
from rstheory.survey import DISCLAIMER, survey_log
from rstheory.survey.report import models_report

SIGMA, N = 0.5, 200


def certified(right, path):
    """A log of images of label 0 that saw so many right votes of two classes."""
    votes = np.stack([right, N - right], axis=1)
    radius = np.asarray(radius_from_count(votes.max(axis=1), N, 1e-3, SIGMA))
    return CertificationLog.from_arrays(
        label=np.zeros(len(right), int), predict=np.where(radius > 0, votes.argmax(axis=1), -1), radius=radius,
        sigma=SIGMA, n=N, counts=votes, path=path,
    )  # fmt: skip


@pytest.fixture(scope="module")
def logs():
    rng = np.random.default_rng(0)
    return [certified(rng.binomial(N, rng.beta(a, 0.5, 300)), f"{name}.tsv") for name, a in (("<b>", 2), ("two", 3))]


def test_a_survey_says_first_that_it_certifies_nothing(logs):
    surveys = [survey_log(log) for log in logs]
    page = survey_page(models_report(surveys))
    reader = read(render(page))
    assert page.summary == DISCLAIMER
    assert not reader.all("b")
    assert "<b>" in reader.text
    assert len(reader.all("figure")) == 2
    rows = list(page.charts[1].table.rows)
    assert len(rows) >= 10
    for survey in surveys:
        acr = float(survey.acr(100_000))
        assert any(abs(float(row[2]) - acr) < 1e-3 for row in rows), "the largest budget is in the table"


def attack_row(index, norm, attacked):
    """A row of an attack log on an image of label 0: the class changed at this norm, or not at all."""
    cells = dict.fromkeys(ATTACK_LOG.columns, "0") | {
        "idx": index, "label": 0, "predict": 0, "correct": 1, "time": "0.1", "counts": "90,10", "norm": norm,
        "found": 1 if attacked else -1, "attacked_counts": "10,90" if attacked else "", "abstain_norm": "inf",
        "judged": 1, "attack": "pgd", "steps": 5, "m": 2, "restarts": 1, "eps": 2.0, "together": 8, "n": 100,
        "alpha": 0.01, "sigma": SIGMA, "tau": "0.0", "noise": "x", "dtype": "float32", "weights": "w", "data": "d",
        "software": "s",
    }  # fmt: skip
    return "\t".join(str(cells[name]) for name in ATTACK_LOG.columns)


@pytest.mark.parametrize(("norm", "alarms"), [(0.1, 1), (1.5, 0)])
def test_an_alarm_is_told(logs, tmp_path, norm, alarms):
    certain = int(np.argmax(logs[0].radius))
    rows = [attack_row(certain, norm, True), attack_row(certain + 1 if certain < 299 else 0, "inf", False)]
    (tmp_path / "attack.tsv").write_text("\n".join([ATTACK_LOG.header, *rows]) + "\n")
    page = sandwich_page([sandwich(logs[0], read_attack_log(tmp_path / "attack.tsv"))])
    text = read(render(page)).text
    assert text.count("Alarm:") == alarms
    assert ("No answer contradicts a certificate" in text) == (alarms == 0)
    assert len(page.charts) == 1


def test_no_attack_is_no_page_of_curves():
    assert sandwich_page([]).charts == []


def test_an_atlas_has_a_row_for_each_log(tmp_path):
    found = atlas([repository(tmp_path, images=200)], budgets=(100, 1_000))
    page = atlas_page(found, standings(found))
    reader = read(render(page))
    assert len(list(page.sections[-1].blocks[0].rows)) == len(found.rows) == 3
    assert reader.text.count("gaussian/noise_0.5") >= 1
    assert "script" not in {tag for tag, _ in reader.elements}


def test_tables_of_frames():
    frame = pd.DataFrame({"a": ["x", ""], "b": [1234567, 2], "c": [0.123456, np.nan]})
    table = table_of(frame, "caption", 1, {"c": ".2f"}, "remark")
    assert list(table.rows) == [("x", "1,234,567", "0.12"), ("-", "2", "-")]
    assert table.remarks == ("remark",)


def test_the_command_writes_the_page_of_a_survey(tmp_path):
    rng = np.random.default_rng(0)
    log = tmp_path / "noise_0.50.tsv"
    lines = ["idx\tlabel\tpredict\tradius\tcorrect\ttime\tcount\tn"]
    for i, count in enumerate(rng.binomial(N, rng.beta(2, 0.5, 60))):
        radius = float(radius_from_count(int(count), N, 1e-3, SIGMA))
        lines.append(f"{i}\t0\t{0 if radius else -1}\t{radius!r}\t{int(radius > 0)}\t0\t{count}\t{N}")
    log.write_text("\n".join([*lines, ""]))
    result = CliRunner().invoke(app, ["survey", str(log), "--html", str(tmp_path / "out" / "page.html")])
    assert result.exit_code == 0, result.output
    page = read((tmp_path / "out" / "page.html").read_text(encoding="utf-8"))
    assert DISCLAIMER in page.text
    assert len(page.all("figure")) == 2
