"""Attacks on smoothed classifiers: how small a perturbation they find that changes what PREDICT says.

`target` is the classifier as an attack sees it, `pgd` and `apgd` attack it within a norm, `search` bisects the norm and
has every success judged, `task` holds the settings, `run` writes the log, `api` takes your own network.
`rstheory.audit.sandwich` compares it with certificates.
"""

from rstheory.smoothing.attacks.apgd import APGD
from rstheory.smoothing.attacks.api import attack
from rstheory.smoothing.attacks.pgd import PGD
from rstheory.smoothing.attacks.run import Attacker, attack_checkpoint, run_attack
from rstheory.smoothing.attacks.search import Method
from rstheory.smoothing.attacks.task import Attack

__all__ = ["APGD", "PGD", "Attack", "Attacker", "Method", "attack", "attack_checkpoint", "run_attack"]
