"""Intervals and tests for means over test images: arrays in, arrays out; no log is known here.

`resampling` means and paired differences with simultaneous intervals, `ranks` ranks with intervals and groups within
error, `crossing` the budget of an overtaking, `bands` survival curves, `means` a bounded mean, `multiple` many tests at
once, `certificates` the false ones of a test set, `inequality` shares, `power` training runs. `rstheory.audit.standing`
and its neighbours ask these of logs.
"""

from rstheory.statistics.bands import survival_lower
from rstheory.statistics.certificates import FalseCertificates, certified_together, false_certificates
from rstheory.statistics.crossing import CrossingInterval, crossing_interval
from rstheory.statistics.inequality import gini, share_of_largest
from rstheory.statistics.means import bounded_mean_lower
from rstheory.statistics.multiple import adjusted, mcnemar, share_of, sign_flip_test
from rstheory.statistics.power import power_of_runs, runs_needed
from rstheory.statistics.ranks import Ranking, above_beyond_error, ranking
from rstheory.statistics.resampling import PairedDifferences, ResampledMeans, paired_differences, resampled_means

__all__ = [
    "CrossingInterval",
    "FalseCertificates",
    "PairedDifferences",
    "Ranking",
    "ResampledMeans",
    "above_beyond_error",
    "adjusted",
    "bounded_mean_lower",
    "certified_together",
    "crossing_interval",
    "false_certificates",
    "gini",
    "mcnemar",
    "paired_differences",
    "power_of_runs",
    "ranking",
    "resampled_means",
    "runs_needed",
    "share_of",
    "share_of_largest",
    "sign_flip_test",
    "survival_lower",
]
