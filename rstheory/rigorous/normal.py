"""The normal distribution and the radius function (theory A), enclosed."""

from flint import arb

from rstheory.rigorous.exact import Number, checked, one_minus, refine, to_ball, to_exact


def sf_ball(z: arb) -> arb:
    return (z / arb(2).sqrt()).erfc() / 2


def quantile_sf_ball(t: arb, p: arb) -> arb:
    """The z with P(Z > z) = t, where p = 1 - t was computed without cancellation."""
    if t < 0.25:
        return arb(2).sqrt() * (2 * t).erfcinv()
    if p < 0.25:
        return -arb(2).sqrt() * (2 * p).erfcinv()
    return arb(2).sqrt() * (p - t).erfinv()


def normal_cdf(z: Number) -> arb:
    """Phi(z), with full relative accuracy in the lower tail. `z`: any finite number.

    >>> normal_cdf(0).contains(0.5), normal_cdf(-40) < 1e-300
    (True, True)
    """
    x = to_exact("z", z)
    return refine(lambda: sf_ball(-to_ball(x)))


def normal_sf(z: Number) -> arb:
    """1 - Phi(z), with full relative accuracy in the upper tail. `z`: any finite number.

    >>> normal_sf(40) < 1e-300
    True
    """
    x = to_exact("z", z)
    return refine(lambda: sf_ball(to_ball(x)))


def normal_quantile(p: Number) -> arb:
    """Phi^-1(p) for p in (0, 1). For p near 1 pass an exact number, or `normal_quantile_sf(1 - p)`.

    >>> normal_quantile("0.975").overlaps(arb("1.959963984540054"))
    False
    >>> abs(normal_quantile("0.975") - arb("1.959963984540054")) < 1e-15
    True
    """
    x = checked("p", p, "(0, 1)")
    return refine(lambda: quantile_sf_ball(to_ball(one_minus(x)), to_ball(x)))


def normal_quantile_sf(t: Number) -> arb:
    """Phi^-1(1 - t) for t in (0, 1), however small. Source of the enclosure: `arb.erfcinv`, which certifies its root.

    >>> abs(normal_quantile_sf("1e-400") - arb("42.81022720661")) < 1e-10
    True
    """
    x = checked("t", t, "(0, 1)")
    return refine(lambda: quantile_sf_ball(to_ball(x), to_ball(one_minus(x))))


def certified_radius_sf(t: Number, sigma: Number = 1) -> arb:
    """R = sigma Phi^-1(1 - t), and 0 for t >= 1/2 (A1; Cohen, Rosenfeld & Kolter 2019). `t` in (0, 1], `sigma` > 0.

    >>> certified_radius_sf("0.6").is_zero()
    True
    """
    scale = checked("sigma", sigma, "(0, inf)")
    x = checked("t", t, "(0, 1]")
    if x == 1:
        return arb(0)
    return refine(lambda: to_ball(scale) * quantile_sf_ball(to_ball(x), to_ball(one_minus(x))).max(arb(0)))


def certified_radius(p: Number, sigma: Number = 1) -> arb:
    """R = sigma Phi^-1(p), and 0 for p <= 1/2 (A1). `p` in [0, 1): at p = 1 the radius is infinite and is refused.

    >>> certified_radius(0.25).is_zero(), abs(certified_radius("0.99", 2) - arb("4.65269574808")) < 1e-10
    (True, True)
    """
    x = to_exact("p", p)
    if x == 0:
        checked("sigma", sigma, "(0, inf)")
        return arb(0)
    return certified_radius_sf(one_minus(checked("p", p, "(0, 1)")), sigma)


def sensitivity_sf(t: Number, sigma: Number = 1) -> arb:
    """R'(p) = sigma / phi(z), z = Phi^-1(1 - t), for t in (0, 1) (A2): the unclipped slope, also for t > 1/2.

    >>> abs(sensitivity_sf(0.5) - arb("2.50662827463")) < 1e-10
    True
    """
    x, scale = checked("t", t, "(0, 1)"), checked("sigma", sigma, "(0, inf)")

    def value() -> arb:
        z = quantile_sf_ball(to_ball(x), to_ball(one_minus(x)))
        return to_ball(scale) * (2 * arb.pi()).sqrt() * (z * z / 2).exp()

    return refine(value)
