"""Whether pieces of ten seconds are heard as music, in noise of every kind and loudness."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scenarios.stats import wilson

from edge.sound.attribution import Attribution, Hearing
from edge.sound.tagger import OnnxTagger

from .made import Sound, at_level, babble, coloured, mixed

MASKERS: dict[str, Callable[[np.random.Generator, float], Sound]] = {
    "pink noise": lambda chance, seconds: coloured(chance, seconds, 0.5),
    "traffic-like noise": lambda chance, seconds: coloured(chance, seconds, 1.0),
    "babble": babble,
}
SNRS_DB = (10.0, 5.0, 0.0)
LEVELS_DB = (-10.0, -40.0, -60.0)
RATE_HZ = 16_000


@dataclass(frozen=True, slots=True)
class Count:
    """How many pieces of one kind were heard as music, with the 95 % interval of the share."""

    what: str
    snr_db: float | None
    pieces: int
    heard: int

    @property
    def share(self) -> float:
        """Share heard as music, 0-1; 0 of nothing."""
        return self.heard / self.pieces if self.pieces else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval."""
        return wilson(self.heard, self.pieces)

    def text(self) -> str:
        """As a table shows it."""
        low, high = self.interval
        return f"{self.share:.1%} (95 %: {low:.1%}-{high:.1%}, {self.pieces} pieces)"


class Listener:
    """Hears single pieces as a stream is heard; nothing is left from one to the next."""

    def __init__(self, tagger: OnnxTagger) -> None:
        self._tagger = tagger
        self._rule = Hearing()

    def score(self, piece: Sound) -> float:
        """How surely the piece, ten seconds, is music at its end: what the box decides on."""
        attribution, last = Attribution(self._rule), None
        for tags in self._tagger.stream().push(piece, 0.0):
            last = attribution.hear(tags)
        return self._rule.heard_as_music(last.mean) if last is not None and last.known else 0.0

    def count(self, what: str, snr_db: float | None, made: Iterator[Sound]) -> Count:
        """Hear pieces one after the other."""
        scores = [self.score(piece) for piece in made]
        heard = sum(score >= self._rule.on for score in scores)
        return Count(what, snr_db, len(scores), heard)


def masked(pieces: Sequence[Sound], masker: str, snr_db: float, seed: int) -> Iterator[Sound]:
    """Every piece in noise of its own."""
    for number, piece in enumerate(pieces):
        chance = np.random.default_rng((seed, number, len(masker), round(snr_db)))
        noise = MASKERS[masker](chance, len(piece) / RATE_HZ)
        yield mixed(piece, noise[: len(piece)], snr_db)


def level_change(listener: Listener, pieces: Sequence[Sound]) -> float:
    """Largest change of the score when a piece comes louder or softer, in 16 bits."""
    worst = 0.0
    for piece in pieces:
        scores = []
        for level_db in LEVELS_DB:
            steps = np.clip(np.rint(at_level(piece, level_db) * 32768), -32768, 32767)
            scores.append(listener.score((steps / 32768).astype(np.float32)))
        worst = max(worst, max(scores) - min(scores))
    return worst
