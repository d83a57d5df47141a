"""The symbols in which everything is stated, and what SymPy may assume of them."""

import sympy as sp

p = sp.Symbol("p", positive=True)  # probability of the most likely class, in (0, 1)
t = sp.Symbol("t", positive=True)  # its tail 1 - p
z = sp.Symbol("z", real=True)  # the quantile Φ⁻¹(p)
p1, p2 = sp.symbols("p_1 p_2", positive=True)
z1, z2 = sp.symbols("z_1 z_2", real=True)
sigma = sp.Symbol("sigma", positive=True)  # standard deviation of the noise
alpha = sp.Symbol("alpha", positive=True)  # allowed error of the bound, in (0, 1)
a = sp.Symbol("a", positive=True)  # ln(1/α)
N = sp.Symbol("N", positive=True)  # draws; a positive real, because B2 solves for it before rounding up
K = sp.Symbol("K", positive=True)  # number of classes
q = sp.Symbol("q", positive=True)  # share of samples of the class that the constant classifier names, in (0, 1]
M = sp.Symbol("M", positive=True)  # an ACR to be reached
k = sp.Symbol("k", integer=True, nonnegative=True)  # number of successes among N draws
v = sp.IndexedBase("v")  # v[k]: the radius, or any other value, given k successes
