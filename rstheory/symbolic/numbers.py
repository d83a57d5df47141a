"""From an expression to numbers: a form that keeps its digits near p = 1, in float64 or to any number of digits."""

from collections.abc import Callable
from typing import Any

import mpmath
import sympy as sp
from sympy.codegen.cfunctions import expm1, log1p


def in_tail(expression: sp.Expr) -> sp.Expr:
    """Return an equal expression that keeps its digits where a probability is near 1.

    A logarithm of an erf becomes a log1p of an erfc: ln Φ(x) is ln(1 - 1e-17) at x = 8.4, which is 0 in float64. An
    erfinv(y) becomes erfcinv(1 - y), and powers of positive numbers in it, such as α^(1/N), become expm1. Near
    probability 0, where everything abstains, the new form loses the digits that the old one kept.

    >>> from rstheory.symbolic import cdf, trivial_acr, z
    >>> in_tail(sp.log(cdf(z)))
    log1p(-erfc(sqrt(2)*z/2)/2)
    >>> in_tail(trivial_acr())
    sqrt(2)*q*sigma*erfcinv(-2*expm1(log(alpha)/N))
    """

    def is_log_of_erf(e: sp.Expr) -> bool:
        return isinstance(e, sp.log) and e.has(sp.erf)

    def is_power(e: sp.Expr) -> bool:
        return isinstance(e, sp.Pow) and e.base.is_positive and bool(e.exp.free_symbols)

    def one_minus(y: sp.Expr) -> sp.Expr:
        return sp.expand(1 - y.replace(is_power, lambda e: 1 + expm1(e.exp * sp.log(e.base))))

    logs_done = expression.replace(is_log_of_erf, lambda e: log1p(sp.expand(e.args[0].rewrite(sp.erfc) - 1)))
    return logs_done.replace(sp.erfinv, lambda y: sp.erfcinv(one_minus(y)))


def numeric(expression: sp.Expr, *arguments: sp.Symbol, digits: int | None = None) -> Callable[..., Any]:
    """Return a function of `arguments`, in their order, that evaluates the expression.

    Without `digits`: NumPy and SciPy (erfinv, erfcinv, erfc) in float64, arrays broadcast. With `digits` (at least 1):
    mpmath at that many significant digits; arguments are numbers, or decimal strings such as "0.844", and the value is
    an mpf. Neither repairs cancellation: near p = 1 use the tail forms, and `in_tail` for logarithms. Outside the
    expression's domain the libraries answer as they do (nan, or a complex number from mpmath).

    Raises ValueError if a symbol of the expression is not among the arguments, or one is given twice.

    >>> from rstheory.symbolic import p, radius, radius_sf, sigma, t
    >>> float(numeric(radius_sf(), t, sigma)(1e-20, 1.0))
    9.26234...
    >>> print(mpmath.nstr(numeric(radius(), p, sigma, digits=30)("0.99", 1), 25))
    2.326347874040841100885606
    """
    missing = sorted(str(symbol) for symbol in expression.free_symbols - set(arguments))
    if missing:
        raise ValueError(f"arguments={arguments}: the expression also has the symbols {', '.join(missing)}; list them")
    if len(set(arguments)) < len(arguments):
        raise ValueError(f"arguments={arguments}: each symbol may be given once")
    if digits is None:
        in_float64: Callable[..., Any] = sp.lambdify(arguments, expression, modules=["scipy", "numpy"])
        return in_float64
    if isinstance(digits, bool) or not isinstance(digits, int) or digits < 1:
        raise ValueError(f"digits={digits!r}: the number of significant digits must be an integer, at least 1")
    in_mpmath = sp.lambdify(arguments, expression, modules=[{"erfcinv": _erfcinv}, "mpmath"])

    def evaluate(*values: Any) -> Any:
        with mpmath.workdps(digits):
            return in_mpmath(*(mpmath.mpmathify(value) for value in values))

    return evaluate


def _erfcinv(x: Any) -> Any:
    """Inverse of erfc on [0, 2] at mpmath's working precision (mpmath itself has erfinv only); nan outside.

    From 1/2 to 3/2 it is erfinv(1 - x), the difference being exact. Below, that would need as many digits as x has
    zeros: Newton's method on ln erfc instead, which is decreasing and concave, so that from any start the
    iterates fall to the root, from the second on at the latest.
    """
    if not 0 <= x <= 2:
        return mpmath.nan
    if x > 1:
        return -_erfcinv(2 - x)
    if x >= 0.5:
        return mpmath.erfinv(1 - x)
    if x == 0:
        return mpmath.inf
    with mpmath.workdps(mpmath.mp.dps + 5):
        target, y = mpmath.ln(x), mpmath.mpf(1)
        for _ in range(100 + mpmath.mp.prec):  # from afar each step halves y; near the root digits double
            tail = mpmath.erfc(y)
            step = (mpmath.ln(tail) - target) * tail * mpmath.sqrt(mpmath.pi) / 2 * mpmath.exp(y * y)
            y += step
            if abs(step) <= y * mpmath.mpf(10) ** (-mpmath.mp.dps + 3):
                break
    return +y
