"""The page of a survey: the estimated distribution of p, and ACR at every budget, with their bands."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from rstheory._provenance import provenance
from rstheory._words import plural, short_names
from rstheory.pages.blocks import Chart, Page, Paragraph, Points, Section, View
from rstheory.pages.from_frames import table_of
from rstheory.survey.frames import acr_frame, survival_frame
from rstheory.survey.report import SurveyReport
from rstheory.survey.survey import DISCLAIMER

_MOST = 7  # surveys drawn: more curves than colours cannot be told apart
_BAND = "Band: 95 % for the population behind the images"
_ROWS = 12  # of a table behind a curve, at most


def survey_page(report: SurveyReport, made_by: Mapping[str, str] | None = None) -> Page:
    """What some surveys estimate, as a page. made_by: what made it; default: the versions."""
    from rstheory.pages import charts  # loads Altair
    from rstheory.pages.from_frames import switches

    names = tuple(short_names([survey.log.path for survey in report.surveys]))[:_MOST]
    surveys = report.surveys[:_MOST]
    survival, acr = survival_frame(surveys, names), acr_frame(surveys, names)
    shares = _curves(survival, names, 100.0).assign(tail=1 - survival["u"].to_numpy())
    shares = shares[(shares["tail"] > 0) & (shares["tail"] <= 0.5)]
    budgets = _curves(acr, names, 1.0).assign(n=acr["n"].to_numpy())
    smallest = float(shares["tail"].min())
    best = max(surveys, key=lambda survey: float(survey.acr(100_000)))
    first = names[surveys.index(best)]
    axis, budget = charts.u_axis(smallest), charts.budget_axis()
    figures = (
        Chart(
            title="Share of images with probability p of their label at least u",
            see=f"{float(best.survival(0.9)) * 100:.1f} % of the images have p of 0.9 or more under {first}.",
            views=(View("by u", charts.with_bands(names, "shares", axis, "tail", "share of images / %", ".1f")),),
            data={"shares": shares},
            table=table_of(_few(survival), "estimated S(u) and its band", 2),
            remark=f"{_BAND}, for all u at once.",
        ),
        Chart(
            title="ACR by certification budget",
            see=f"{first} has the largest estimated ACR at N = 100,000: {float(best.acr(100_000)):.4f}.",
            views=(View("by N", charts.with_bands(names, "budgets", budget, "n", "expected ACR", ".4f")),),
            data={"budgets": budgets},
            table=table_of(_few(acr), "estimated ACR and its band", 2),
            remark=f"{_BAND}, for each N on its own.",
        ),
    )
    told = [
        (f"{name}:", f"{plural(s.images, 'image')}, {s.draws:,} draws per image, sigma={s.sigma:g}.")
        for s, name in zip(surveys, names, strict=True)
    ]
    more = [Paragraph(f"Drawn: the first {_MOST} of {len(report.surveys)}.")] if len(report.surveys) > _MOST else []
    section = Section("Estimates", (Points(tuple(told)), *more, *figures), switches(names, "Surveys"))
    return Page(
        title=f"Survey of {plural(len(report.surveys), 'model')}",
        summary=DISCLAIMER,
        sections=(section,),
        made_by=provenance(command="rstheory survey") if made_by is None else made_by,
    )


def _curves(frame: pd.DataFrame, names: tuple[str, ...], unit: float) -> pd.DataFrame:
    """Columns k, y, low, high of a frame of estimates, in a unit."""
    return pd.DataFrame(
        {
            "k": [names.index(name) for name in frame["survey"]],
            "y": unit * frame["estimate"].to_numpy(),
            "low": unit * frame["population_low"].to_numpy(),
            "high": unit * frame["population_high"].to_numpy(),
        }
    )


def _few(frame: pd.DataFrame) -> pd.DataFrame:
    """Some rows of each survey, without the columns that repeat others."""
    step = max(1, -(-len(frame) // (_ROWS * frame["survey"].nunique())))
    some = frame.groupby("survey", sort=False).nth(slice(0, None, step))
    return some.drop(columns=["z"], errors="ignore")
