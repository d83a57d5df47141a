"""ACR of a log's samples at budgets beyond its own: predicted from the estimated distribution of p (theory H2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rstheory.logs.survey_counts import survey_counts
from rstheory.transport import BudgetedACR, acr_beyond, fresh_variance

if TYPE_CHECKING:
    from rstheory.logs.log import CertificationLog


def beyond(log: CertificationLog, n: int, alpha: float) -> BudgetedACR:
    """ACR at n draws, more than the log's own, and level alpha: that at the log's own draws, and what more draws add.

    No radius of the log may be above what its budget can certify. Assumes a smooth distribution of Phi^-1(p).
    """
    from rstheory.mixture.beyond import acr_gain, fit_fast  # SciPy's solvers, which `import rstheory` need not wait for

    gain = acr_gain(fit_fast(survey_counts(log)), log.n, n, alpha)
    counts, times = np.unique(log.recovered_counts().nearest, return_counts=True)
    fresh = np.sqrt(times @ fresh_variance(counts, log.n, n, alpha)) / max(log.samples, 1)
    own = log.at_budget(log.n, alpha)
    return acr_beyond(own, n, log.sigma * gain.mean, log.sigma * gain.standard_error, log.sigma * float(fresh))
