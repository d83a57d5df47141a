"""Certificate and attack on one line: r_certified <= r* <= r_attack for each image (theory J1)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr
from scipy.stats import binom

from rstheory._check import Float
from rstheory._words import short_names
from rstheory.audit.difficulty import DIFFICULTY, difficulties
from rstheory.certify import Prediction
from rstheory.logs.attack_log import AttackLog
from rstheory.logs.log import CertificationLog
from rstheory.logs.schema import ABSTAINED

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Alarm:
    """A certificate and an answer of PREDICT that contradict each other.

    index: number of the image. norm: how far the perturbed image is from it; 0 for the image itself. found: what
    PREDICT says there. radius, predict: the certificate: within this radius the class is this one. chance: a p-value;
    were the certificate and PREDICT sound, evidence this strong would come up for this image with at most this
    probability. Over T images multiply by T.
    """

    index: int
    norm: float
    found: int
    radius: float
    predict: int
    chance: float

    def __str__(self) -> str:
        where = f"at a distance of {self.norm:.4g}" if self.norm else "of the image itself"
        return (
            f"image {self.index}: PREDICT says class {self.found} {where}, but class {self.predict} is certified within"
            f" {self.radius:.4g}; chance at most {self.chance:.2g}"
        )


@dataclass(frozen=True, eq=False)
class Sandwich:
    """What a certification log and an attack log say of the same images under the same smoothed classifier.

    certificates: its radii at the lower ends of what was rounded. attack: the rows of the same images, in their order.
    alarms: where the two contradict each other; see `Alarm`.
    """

    certificates: CertificationLog
    attack: AttackLog
    alarms: tuple[Alarm, ...]

    @property
    def samples(self) -> int:
        """Number of images."""
        return self.certificates.samples

    @property
    def level(self) -> float:
        """If all is sound, an alarm rings on one image or more with at most this probability.

        Certificates are wrong with probability alpha per image, and so are PREDICT's answers about it; both are raised
        by what the noise lacks of being Gaussian. Alarms beyond this number need another explanation.
        """
        return min(1.0, self.samples * (self._certificate_level + self._attack_level))

    @property
    def _certificate_level(self) -> float:
        return float(self.certificates.alpha * _noise_factor(self.certificates))

    @property
    def _attack_level(self) -> float:
        return self.attack.alpha + self.attack.judgements * self.attack.n * self.attack.tau

    @property
    def certified(self) -> Float:
        """Certified radius of each image that is predicted right, 0 for all others."""
        return self.certificates.radius * self.certificates.correct

    @property
    def attacked(self) -> Float:
        """Norm of the smallest perturbation that changes the class; inf where none was found, 0 where PREDICT does not
        give the image its label."""
        return np.where(self.attack.correct, self.attack.norm, 0.0)

    def to_frame(self) -> pd.DataFrame:
        """One row per image, for figures and tables.

        Columns: idx, label, difficulty (by the certificate), certified and attacked (see the properties), abstained
        (norm of the smallest perturbation that made PREDICT abstain), outcome, inside.
        """
        import pandas as pd

        outcome = np.where(self.attack.succeeded, "changed", "withstood")
        frame = pd.DataFrame(
            {
                "idx": self.certificates.index,
                "label": self.certificates.label,
                "difficulty": np.array(DIFFICULTY)[difficulties(self.certificates)],
                "certified": self.certified,
                "attacked": self.attacked,
                "abstained": np.where(self.attack.correct, self.attack.abstain_norm, 0.0),
                "outcome": np.where(self.attack.correct, outcome, "not attacked"),
            }
        )
        inside = {alarm.index for alarm in self.alarms}
        return frame.assign(inside=[index in inside for index in self.certificates.index.tolist()])

    def by_difficulty(self) -> pd.DataFrame:
        """One row per difficulty, and one for all images.

        Columns: difficulty, images, attacked (images that PREDICT gave their label), changed (of these), median
        certified radius, attack norm and gap between them, over the attacked images, and inside (images with an
        alarm). A median is inf where the attack failed on more than half of them, NaN where there is none.
        """
        import pandas as pd

        frame = self.to_frame()
        rows = []
        for name in (*DIFFICULTY, "all"):
            part = frame if name == "all" else frame[frame["difficulty"] == name]
            tried = part[part["outcome"] != "not attacked"]
            rows.append(
                {
                    "difficulty": name,
                    "images": len(part),
                    "attacked": len(tried),
                    "changed": int((tried["outcome"] == "changed").sum()),
                    "certified_median": _median(tried["certified"]),
                    "attack_median": _median(tried["attacked"]),
                    "gap_median": _median(tried["attacked"] - tried["certified"]),
                    "inside": int(part["inside"].sum()),
                }
            )
        return pd.DataFrame(rows)

    def to_json(self) -> dict[str, Any]:
        """Everything as plain lists and dictionaries that `json` writes; null for inf and for what is not known."""
        attack = self.attack
        tables = {"difficulty": self.by_difficulty(), "accuracy": self.accuracies(21), "images": self.to_frame()}
        return {
            "certificates": self.certificates.path,
            "attack_log": attack.path,
            **{
                name: getattr(attack, name)
                for name in ("attack", "m", "steps", "restarts", "eps", "sigma", "n", "alpha")
            },
            "samples": self.samples,
            "level": self.level,
            "alarms": [asdict(alarm) for alarm in self.alarms],
            **{
                name: json.loads(table.to_json(orient="records", double_precision=15)) for name, table in tables.items()
            },
        }

    def accuracies(self, points: int = 101) -> pd.DataFrame:
        """Certified accuracy and accuracy under attack, up to the largest norm tried.

        Columns radius; certified; attacked: share of images that are right and whose class no perturbation changed;
        answered: of those, the share where none made PREDICT abstain either.
        """
        import pandas as pd

        radii = np.linspace(0, self.attack.eps, points)
        return pd.DataFrame(
            {
                "radius": radii,
                "certified": self.certificates.certified_accuracy(radii),
                "attacked": self.attack.attacked_accuracy(radii, abstentions_lost=False),
                "answered": self.attack.attacked_accuracy(radii),
            }
        )


def sandwich(certificates: CertificationLog, attack: AttackLog) -> Sandwich:
    """Put certificates and attack together, on the images that both have.

    An alarm is any answer of PREDICT at a distance below a certified radius that is not the certified class, at the
    image itself or where the attack led. Abstentions are no alarms.

    ValueError where the two are not of one smoothed classifier (noise level, and weights, arithmetic and data as far as
    both tell), where labels differ, or where no image is in both.
    """
    check_same_classifier(certificates, attack)
    common, ours, theirs = np.intersect1d(certificates.index, attack.index, return_indices=True)
    if not common.size:
        raise ValueError(f"{certificates.path} and {attack.path} have no image in common")
    proved, tried = certificates.rounded_down().select(ours), attack.select(theirs)
    if (differ := np.flatnonzero(proved.label != tried.label)).size:
        raise ValueError(
            f"{certificates.path} and {attack.path} are not of the same images: the label of idx={common[differ[0]]} is"
            f" {proved.label[differ[0]]} in one and {tried.label[differ[0]]} in the other"
        )
    return Sandwich(proved, tried, tuple(_alarms(proved, tried)))


def pair_up(
    certificates: Sequence[CertificationLog], attacks: Sequence[AttackLog]
) -> tuple[list[Sandwich], list[tuple[str, str]]]:
    """Each attack log with the certification logs of its smoothed classifier, found by what the logs say of themselves.

    Returns the sandwiches, and (path, reason) for each log that found no partner. A certification log that does not
    tell its weights cannot be paired this way; `sandwich` takes it.
    """
    made: list[Sandwich] = []
    reasons: dict[str, str] = {}
    for log in certificates:
        if log.origin.weights is None:
            reasons[log.path] = "it does not tell its weights: name it by rstheory attack --against"
    for attack in attacks:
        for log in certificates:
            try:
                if log.origin.weights is not None:
                    made.append(sandwich(log, attack))
            except ValueError as error:
                reasons.setdefault(attack.path, str(error))
                reasons.setdefault(log.path, str(error))
    paired = {one.certificates.path for one in made} | {one.attack.path for one in made}
    paths = [log.path for log in certificates] + [log.path for log in attacks]
    alone = [path for path in paths if path not in paired]
    return made, [(path, reasons.get(path, "there is no log of the other kind")) for path in alone]


def summary(sandwiches: Sequence[Sandwich]) -> pd.DataFrame:
    """One table of several: `Sandwich.by_difficulty` of each, without difficulties that no image has.

    Two more columns come first: log (of the certificates), and by (the attack, and its draws per gradient).
    """
    import pandas as pd

    paths = list(dict.fromkeys(one.certificates.path for one in sandwiches))
    names = dict(zip(paths, short_names(paths), strict=True))
    parts = []
    for one in sandwiches:
        part = one.by_difficulty()
        part.insert(0, "log", names[one.certificates.path])
        part.insert(1, "by", f"{one.attack.attack}, m = {one.attack.m}")
        parts.append(part[part["images"] > 0])
    return pd.concat(parts, ignore_index=True)


def check_same_classifier(certificates: CertificationLog, attack: AttackLog) -> None:
    """ValueError, naming what differs, where two logs are not of one smoothed classifier as far as both tell."""
    certificates.check_one_setting()
    told = {name: getattr(certificates.origin, name) for name in ("weights", "dtype", "data")}
    for name, value in {"sigma": certificates.sigma, **told}.items():
        if value is not None and value != getattr(attack, name):
            raise ValueError(
                f"{certificates.path} and {attack.path} are not of one smoothed classifier: {name} is {value} in one"
                f" and {getattr(attack, name)} in the other"
            )


def _alarms(proved: CertificationLog, tried: AttackLog) -> list[Alarm]:
    clean = (np.zeros(tried.samples), tried.predict, tried.counts)
    alarms = []
    for norm, answer, counts in (clean, (tried.norm, tried.found, tried.attacked_counts)):
        inside = (proved.predict != ABSTAINED) & (answer != ABSTAINED) & (answer != proved.predict)
        for i in np.flatnonzero(inside & (norm < proved.radius)):
            chance = 2 * max(_certificate_chance(proved, int(i), norm[i]), _answer_chance(tried, counts[i]))
            alarms.append(
                Alarm(
                    int(proved.index[i]),
                    float(norm[i]),
                    int(answer[i]),
                    float(proved.radius[i]),
                    int(proved.predict[i]),
                    min(1.0, chance),
                )
            )
    return sorted(alarms, key=lambda alarm: alarm.index)


def _certificate_chance(log: CertificationLog, row: int, norm: float) -> float:
    """Bound on the probability of as many votes, where the class already changes at this distance.

    Then p <= Phi(norm/sigma), so a count out of n draws, fixed beforehand, is at most binomial with that. A log that
    does not tell its counts, or was made by a stopping rule or another bound, says only that its certificate is wrong
    with probability alpha.
    """
    count, n = int(log.count[row]), log.n
    fixed = log.fixed_budget and count >= 0
    chance = float(binom.cdf(n - count, n, ndtr(-norm / log.sigma))) if fixed else log.alpha
    return chance * _noise_factor(log)


def _answer_chance(log: AttackLog, counts: NDArray[np.int64]) -> float:
    """Bound on the probability that any judgement of this image is wrong and as significant."""
    return log.judgements * (Prediction(tuple(counts.tolist()), log.level).p_value + log.n * log.tau)


def _noise_factor(log: CertificationLog) -> float:
    """What the noise as drawn raises the level of a certificate by: (1 + 2 tau)^n, see `smoothing.noise`."""
    return float(np.exp(log.n * np.log1p(2 * (log.origin.tau or 0.0))))


def _median(values: Sequence[float]) -> float:
    """The upper median: inf counts as a value."""
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    return float(ordered[len(ordered) // 2]) if len(ordered) else float("nan")
