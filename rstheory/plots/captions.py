"""What to see in each figure: one sentence, whatever the data. README, docs and pages put it below the picture."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from rstheory.plots.style import Plate

CAPTIONS: Mapping[str, str] = {
    "survival": (
        "The higher curve certifies more samples at that radius; where two curves cross, no single number orders them."
    ),
    "radius_accuracy": "The area below a curve is its ACR; curves of equal area can differ at every radius.",
    "acr_by_budget": (
        "ACR rises with the number of draws, fastest where many samples hardly ever fail; where two lines cross, the"
        " order by ACR changes."
    ),
    "attribution": (
        "Where a difference in ACR comes from: samples that are hard for the reference, or those that are easy for it."
    ),
    "ranks": "Whether one method is first at every budget and radius, and how many share the first place within error.",
    "p_distribution": (
        "More on the right is samples made certain, more on the left is samples given up; ACR sees the right end alone."
    ),
    "gradient_norms": "How hard training pulls at easy and at hard samples, on plain noise and on attacked noise.",
    "classes": "Which classes pay for a higher ACR: those below the line lost.",
    "radius_and_sensitivity": "A little more p is worth most where p is near 1 already.",
    "sampling_weight": "Training with reweighing draws easy samples often, and hard ones seldom.",
    "methods": "Each method's mean p, ACR and certified accuracy, with 95 % intervals over images and training runs.",
    "methods_gains": (
        "Where each method gains its ACR, by how hard the images are for Gaussian training, and what their p does."
    ),
    "methods_survival": (
        "Above the line, more images have at least so high a p than under Gaussian training; below it, fewer."
    ),
    "cost": "What a network learns under noise for so many operations, and where more of them stop paying.",
    "methods_attacked": (
        "The truth lies between what is proved and what attacks leave standing: methods may be told apart by the one"
        " and not by the other."
    ),
    "gain_by_mean_and_spread": (
        "ACR can rise while the mean of p falls: then all of the gain, and more, is a wider spread between samples."
    ),
    "acr_unbounded": "A classifier that never looks at its input reaches any ACR, with draws or noise enough.",
    "easy_sample_sensitivity": (
        "The same gain in p buys far more radius on easy samples than on hard ones, the more so the larger the budget."
    ),
    "budget_dependence": "Which of three data sets has the largest ACR depends on the number of draws alone.",
    "mean_preserving_spread": "At the same mean of p, ACR rises as the samples become more unequal.",
    "real_model_validation": "One run at a large budget predicts what independent runs at smaller budgets measure.",
}


def captioned(stem: str, figure: Figure, data: pd.DataFrame, details: str) -> Plate:
    """A figure whose caption says what to see, and then what is drawn and from which data."""
    return Plate(stem, figure, data, f"{CAPTIONS[stem]} {details}")
