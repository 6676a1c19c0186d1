"""Errors to try out: fixed draws of the normal distribution, the same on every call.

Sampling without chance: the same boxes give the same band, and the core stays pure.
"""

from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SAMPLES = 61
"""A prime, so that multiplying the sample's number by 1-60 (modulo 61) reorders all samples."""


def normal_draws(columns: int) -> Floats:
    """Draws (SAMPLES, columns) with mean 0, variance 1 and no correlation between columns.

    Ranks of a Weyl sequence (multiples of square roots of primes) through the normal quantiles,
    then made uncorrelated. At most 24 columns.
    """
    numbers = np.arange(1, SAMPLES + 1)[:, None]
    weyl = (numbers * np.sqrt(_primes(columns))) % 1.0
    quantiles = [NormalDist().inv_cdf((rank + 0.5) / SAMPLES) for rank in range(SAMPLES)]
    draws = np.array(quantiles)[weyl.argsort(axis=0).argsort(axis=0)]
    basis, factors = np.linalg.qr(draws)
    basis *= np.sign(np.diag(factors)) * np.sqrt(SAMPLES)
    # Ranks are symmetric about 0 in every column; the tiny means that the basis gained go here.
    return np.asarray(basis - basis.mean(axis=0), dtype=np.float64)


def reordered(draws: Floats, key: int) -> Floats:
    """The same draws in another order: errors of another thing, independent of the first's."""
    order = (np.arange(SAMPLES) * (2 + key % (SAMPLES - 3)) + key) % SAMPLES
    return np.asarray(draws[order], dtype=np.float64)


def _primes(count: int) -> Floats:
    found: list[int] = []
    number = 2
    while len(found) < count:
        if all(number % prime for prime in found):
            found.append(number)
        number += 1
    return np.array(found, dtype=np.float64)
