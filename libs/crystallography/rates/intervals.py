"""Rates with their 95 % intervals."""

import math

from libs.messages import Rate

Z_95 = 1.959963984540054
"""The 0.975 quantile of the normal distribution."""


def wilson(k: int, n: int) -> tuple[float, float]:
    """The 95 % Wilson score interval of k successes in n > 0 trials, within [0, 1].

    E. B. Wilson, J. Am. Stat. Assoc. 22 (1927) 209, eq. (6). Raises ValueError unless 0 ≤ k ≤ n.
    """
    if not 0 <= k <= n or n == 0:
        raise ValueError(f"no interval for {k} of {n}")
    p, z2 = k / n, Z_95 * Z_95
    centre = p + z2 / (2 * n)
    half = Z_95 * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    low, high = (centre - half) / (1 + z2 / n), (centre + half) / (1 + z2 / n)
    return 0.0 if k == 0 else max(0.0, low), 1.0 if k == n else min(1.0, high)


def rate(k: int, n: int) -> Rate:
    """k of n with its interval; without a denominator there is no value."""
    if n == 0:
        return Rate(numerator=k, denominator=n)
    low, high = wilson(k, n)
    return Rate(numerator=k, denominator=n, value=k / n, low=low, high=high)
