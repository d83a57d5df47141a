"""An atlas of certification logs: thousands, one summary each, set against each other by the distribution of p.

`rules` says what paths name, `grid` and `summary` what is kept of a log, `build` reads folders in several processes and
`cache` remembers them.
"""

from rstheory.atlas.build import Atlas, atlas
from rstheory.atlas.rules import Named, Rules, shipped, with_user_rules
from rstheory.atlas.summary import Summary

__all__ = ["Atlas", "Named", "Rules", "Summary", "atlas", "shipped", "with_user_rules"]
