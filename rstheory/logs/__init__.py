"""The certification log: find, read, check, write and resume it.

`schema` declares every column once. `find` says which files are logs, `parse` reads their cells (`cells`, `rounding`),
`lint` checks the rows (`diagnose` guesses at the cause of impossible radii), `log` is the noun, `read` a file made into
one. `write` and `append` are our own logs: whole lines that a killed run cannot lose.
"""

from rstheory.logs.find import FoundLogs, find_logs
from rstheory.logs.finding import CODES, Finding
from rstheory.logs.log import CertificationLog
from rstheory.logs.origin import Origin
from rstheory.logs.read import read_log
from rstheory.logs.schema import COLUMNS, Column

__all__ = [
    "CODES",
    "COLUMNS",
    "CertificationLog",
    "Column",
    "Finding",
    "FoundLogs",
    "Origin",
    "find_logs",
    "read_log",
]
