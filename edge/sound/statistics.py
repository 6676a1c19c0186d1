"""Levels over time: energy means and percentiles in constant memory. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FLOOR_SQUARE = 1e-15
"""Mean square, re full scale, below which nothing is told apart (-150 dB, below 24 bit)."""

_BIN_DB = 0.1
_LOWEST_DB = -200.0
_BINS = 4200


def decibels(mean_square: float) -> float:
    """Level of a mean square in dB re full scale; never below -150, so silence stays a number."""
    return float(10 * np.log10(max(mean_square, FLOOR_SQUARE)))


@dataclass(frozen=True, slots=True)
class Energy:
    """Sound energy: the sum of mean square times seconds, and the seconds; sums are windows."""

    square_s: float = 0.0
    seconds: float = 0.0

    def __add__(self, other: "Energy") -> "Energy":
        return Energy(self.square_s + other.square_s, self.seconds + other.seconds)

    @classmethod
    def of(cls, level_db: float, seconds: float) -> "Energy":
        """Energy of a steady level over some seconds."""
        return cls(10 ** (level_db / 10) * seconds, seconds)

    @property
    def level_db(self) -> float | None:
        """Equivalent level (Leq); None when nothing was measured."""
        if self.seconds <= 0 or self.square_s <= 0:
            return None
        return float(10 * np.log10(self.square_s / self.seconds))


def equivalent_db(parts: Iterable[tuple[float, float]]) -> float | None:
    """Leq over parts of (level in dB, seconds), by energy; None when there are none."""
    return sum((Energy.of(level, seconds) for level, seconds in parts), Energy()).level_db


class Percentiles:
    """Distribution of levels in bins of 0.1 dB from -200 to 220 dB: memory does not grow."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts: NDArray[np.int64] = np.zeros(_BINS, dtype=np.int64)

    def add(self, levels_db: Iterable[float]) -> None:
        """Count levels; NaN is refused with ValueError, what lies outside goes to the end bins."""
        levels = np.fromiter(levels_db, dtype=np.float64)
        if np.isnan(levels).any():
            raise ValueError("a level is not a number")
        bins = np.clip(np.floor((levels - _LOWEST_DB) / _BIN_DB), 0, _BINS - 1)
        np.add.at(self._counts, bins.astype(np.int64), 1)

    def merge(self, other: "Percentiles") -> None:
        """Count everything that `other` has counted."""
        self._counts += other._counts

    def __len__(self) -> int:
        return int(self._counts.sum())

    def exceeded_db(self, percent: float) -> float | None:
        """L_N: the level exceeded `percent` % of the time, within 0.1 dB; None when empty."""
        total = len(self)
        if not total:
            return None
        rank = (100 - percent) / 100 * total
        cumulated = np.cumsum(self._counts)
        index = int(np.searchsorted(cumulated, max(rank, 1)))
        inside = (max(rank, 1) - (cumulated[index] - self._counts[index])) / self._counts[index]
        return float(_LOWEST_DB + (index + min(inside, 1.0)) * _BIN_DB)
