"""A stopping rule for tests of whatever carries one."""

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np

from rstheory.binomial import clopper_pearson_lower_sf


@dataclass(frozen=True)
class Patience:
    """Stops at the first look at which at most this share of the draws has failed, and at the cap, where it proves
    what Clopper and Pearson do; nothing elsewhere.

    It refuses to be asked anywhere but at its looks.
    """

    looks: tuple[int, ...]
    share: float
    level: float = 1e-3
    name: str = "patience"

    @property
    def cap(self):
        return self.looks[-1]

    def decide(self, count, n):
        count, n = np.broadcast_arrays(count, n)
        assert np.isin(n, (0, *self.looks)).all(), "asked elsewhere than at its looks"
        assert ((count >= 0) & (count <= n)).all()
        at_cap = n == self.cap
        stop = ((n > 0) & (n - count <= self.share * n)) | at_cap
        following = np.append(self.looks, self.cap)[np.searchsorted(self.looks, n, side="right")]
        proved = clopper_pearson_lower_sf(np.where(at_cap, count, 0), self.cap, self.level)
        return SimpleNamespace(more=np.where(stop, 0, following - n), lower_sf=np.where(at_cap, proved, 1.0))
