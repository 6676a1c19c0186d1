"""Estimate of the sound above the band of a 16 to 40 kHz source, which no filter can measure. Pure.

A camera's 16 kHz ends at 7.5 kHz behind its anti-alias filter. Of traffic-like noise 0.65 dB of
LAeq lies above that, of speech 0.03 dB, of music 0.01 to 0.6 dB (sample clip against its 48 kHz
original). The estimate carries the level of the last bands on, flat per band, and never above what
the cut-off band before Nyquist shows. It is small for tones, is capped, and is reported as its own
number. At 8 kHz too much is missing to be estimated, and nothing is added.
"""

from dataclasses import dataclass

import numpy as np
from scipy import signal

from edge.sound.filters import Floats, Sos
from edge.sound.weighting import analytic_db

RATES_HZ = (16_000, 40_000)
"""From the first, and below the second, something is missing and can be estimated."""
HIGHEST_DB = 1.0
"""More than this is never added."""

_PASSED = 0.9375
"""Share of Nyquist that usual anti-alias filters leave whole: 7.5 kHz of 8 kHz."""
_LAST_BAND = 43
"""20 kHz, where hearing and class 1 meters end."""
_ABOVE_LEAST = 10**0.9
"""How far (9 dB) above the least of four bands the estimate may be: a tone fills one band only."""


@dataclass(frozen=True, slots=True)
class Beyond:
    """What to add at one rate: `rest` passes the cut-off band, `rest_share` is its part of a band,
    `a_gain` the A-weighted sum of the missing bands when each holds 1."""

    rest: Sos
    rest_share: float
    a_gain: float

    def a_square(self, bands: Floats, rest: float) -> float:
        """A-weighted mean square missing, from those of the bands (lowest first) and the rest."""
        going_on = max(float(bands[-1]), float(bands[-3:].mean()))
        base = min(going_on, rest / self.rest_share, float(bands[-4:].min()) * _ABOVE_LEAST)
        return base * self.a_gain

    def factor(self, heard: float, missing: float) -> float:
        """By how much the A-weighted mean square `heard` is to grow, 1 to 1.26 (1 dB)."""
        return min(1 + missing / heard, 10 ** (HIGHEST_DB / 10)) if heard > 0 else 1.0


def plan_beyond(rate_hz: int, top_centre_hz: float) -> Beyond | None:
    """Plan for a rate whose highest whole band is `top_centre_hz`; None where nothing is added."""
    if not RATES_HZ[0] <= rate_hz < RATES_HZ[1]:
        return None
    top = round(10 * np.log10(top_centre_hz))
    whole = 10 * np.log10(_PASSED * rate_hz / 2)
    missing = np.arange(top + 1, _LAST_BAND + 1)
    share = np.clip(missing + 0.5 - whole, 0.0, 1.0)
    gain = 10 ** (analytic_db("A", 10 ** (missing / 10)) / 10)
    edge_hz = 10 ** ((top + 0.5) / 10)
    rest: Sos = signal.butter(4, edge_hz, "highpass", fs=rate_hz, output="sos")
    return Beyond(rest, float(whole - top - 0.5), float(share @ gain))
