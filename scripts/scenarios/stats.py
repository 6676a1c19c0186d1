"""Confidence intervals: Wilson (1927) for shares, percentile bootstrap for errors."""

from collections.abc import Callable, Sequence
from math import sqrt

import numpy as np
from numpy.typing import NDArray

Z95 = 1.959963984540054
RESAMPLES = 2000
BOOTSTRAP_SEED = 20261124

Floats = NDArray[np.float64]


def wilson(hits: int, total: int) -> tuple[float, float]:
    """95 % interval of a share; (0, 1) when nothing was counted."""
    if total == 0:
        return (0.0, 1.0)
    share, z2 = hits / total, Z95 * Z95
    middle = (share + z2 / (2 * total)) / (1 + z2 / total)
    half = Z95 * sqrt(share * (1 - share) / total + z2 / (4 * total * total)) / (1 + z2 / total)
    return (max(0.0, middle - half), min(1.0, middle + half))


def bootstrap(values: Sequence[float], measure: Callable[[Floats], Floats]) -> tuple[float, float]:
    """95 % interval of a measure of rows (resamples, values) -> (resamples,); same every time."""
    if not values:
        return (0.0, 0.0)
    rng = np.random.default_rng(BOOTSTRAP_SEED)
    sample = np.asarray(values, np.float64)
    rows = sample[rng.integers(0, len(sample), (RESAMPLES, len(sample)))]
    low, high = np.percentile(measure(rows), [2.5, 97.5])
    return (float(low), float(high))


def mean(rows: Floats) -> Floats:
    """Mean of each row."""
    return np.asarray(rows.mean(axis=-1), np.float64)


def p95(rows: Floats) -> Floats:
    """95th percentile of each row's sizes."""
    return np.asarray(np.percentile(np.abs(rows), 95, axis=-1), np.float64)
