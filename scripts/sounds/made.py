"""Sounds made by computation, each the same under the same seed; (N,) float32 at 16 kHz, -25 dBFS.

The music is what a loudspeaker on a square plays: a tune over chords and bass with drums at 100 to
140 beats a minute, its instruments, key and notes drawn by chance.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.float32]
Floats = NDArray[np.float64]
Chance = np.random.Generator

RATE_HZ = 16_000
LEVEL_DB = -25.0
PENTATONIC = (0, 2, 4, 7, 9)
CHORDS = ((0, 4, 7), (9, 12, 16), (5, 9, 12), (7, 11, 14))


def at_level(sound: NDArray[np.floating], level_db: float = LEVEL_DB) -> Sound:
    """The sound at this rms level re full scale."""
    rms = np.sqrt(np.mean(np.square(sound, dtype=np.float64)))
    return (sound * (10 ** (level_db / 20) / max(float(rms), 1e-12))).astype(np.float32)


def mixed(sound: Sound, noise: Sound, snr_db: float) -> Sound:
    """The sound with noise so many dB below it, both by rms."""
    return at_level(at_level(sound) + at_level(noise, LEVEL_DB - snr_db))


def coloured(chance: Chance, seconds: float, exponent: float) -> Sound:
    """Noise whose amplitude falls with frequency to the power of `exponent` above 20 Hz."""
    count = round(seconds * RATE_HZ)
    spectrum = np.fft.rfft(chance.normal(size=count))
    hz = np.maximum(np.fft.rfftfreq(count, 1 / RATE_HZ), 20.0)
    return at_level(np.fft.irfft(spectrum * hz**-exponent, count))


def music(chance: Chance, seconds: float) -> Sound:
    """A piece of dance music."""
    beat_s = 60 / chance.uniform(100, 140)
    key_hz = 220 * 2 ** (chance.integers(-5, 7) / 12)
    voices = [_voice(chance) for _ in range(3)]
    sound = np.zeros(round(seconds * RATE_HZ))
    note = int(chance.integers(0, 10))
    for eighth in range(int(seconds / (beat_s / 2))):
        at_s = eighth * beat_s / 2
        chord = CHORDS[eighth // 8 % len(CHORDS)]
        if chance.random() < 0.75:
            note = int(np.clip(note + chance.integers(-2, 3), 0, 14))
            step = 12 * (note // 5) + PENTATONIC[note % 5]
            _add(sound, at_s, voices[0](key_hz * 2 ** (step / 12), 1.5 * beat_s))
        if eighth % 8 == 0:
            for step in chord:
                _add(sound, at_s, 0.4 * voices[1](key_hz * 2 ** (step / 12), 4 * beat_s))
        if eighth % 2 == 0:
            _add(sound, at_s, 0.8 * voices[2](key_hz / 4 * 2 ** (chord[0] / 12), beat_s))
            _add(sound, at_s, _kick())
        _add(sound, at_s, (0.9 if eighth % 4 == 2 else 0.15) * _snare(chance))
    return at_level(at_level(sound) + at_level(coloured(chance, seconds, 0.5), -60))


def _voice(chance: Chance) -> Callable[[float, float], Floats]:
    """An instrument: its overtones, how fast it fades, its vibrato."""
    falls, fades = chance.uniform(0.7, 1.6), chance.uniform(1.5, 6.0)
    depth, turns = chance.uniform(0, 0.006), chance.uniform(4.5, 6.5)
    gains = chance.uniform(0.3, 1.0, 8) / np.arange(1, 9) ** falls

    def play(hz: float, seconds: float) -> Floats:
        time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
        phase = 2 * np.pi * hz * (time_s - depth * np.cos(2 * np.pi * turns * time_s) / turns / 6)
        tone = sum(
            gain * np.sin((number + 1) * phase)
            for number, gain in enumerate(gains)
            if (number + 1) * hz < RATE_HZ / 2.2
        )
        rise = np.minimum(1.0, time_s / 0.01)
        return np.asarray(tone * rise * np.exp(-fades * time_s), dtype=np.float64)

    return play


def _kick() -> Floats:
    time_s = np.arange(RATE_HZ // 4) / RATE_HZ
    return np.asarray(
        2 * np.sin(2 * np.pi * (50 * time_s - 4 * np.exp(-30 * time_s))) * np.exp(-18 * time_s)
    )


def _snare(chance: Chance) -> Floats:
    time_s = np.arange(RATE_HZ // 8) / RATE_HZ
    return np.asarray(chance.normal(size=len(time_s)) * np.exp(-40 * time_s))


def _add(sound: Floats, at_s: float, part: Floats) -> None:
    begin = round(at_s * RATE_HZ)
    room = len(sound) - begin
    if room > 0:
        sound[begin : begin + len(part)] += part[:room]


def rain(chance: Chance, seconds: float) -> Sound:
    """Drops: many short bursts of noise."""
    sound = np.zeros(round(seconds * RATE_HZ))
    fade = np.exp(-np.arange(400) / 60)
    for at in chance.integers(0, len(sound) - 400, len(sound) // 60):
        sound[at : at + 400] += chance.exponential() * fade * chance.normal(size=400)
    return at_level(sound)


def engine(chance: Chance, seconds: float) -> Sound:
    """A motor that goes by: many overtones of a low pitch in noise, louder and softer."""
    time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    pitch_hz = chance.uniform(30, 60)
    phase = 2 * np.pi * np.cumsum(pitch_hz * (1 + 0.05 * np.sin(0.7 * time_s))) / RATE_HZ
    tone = sum(np.sin(n * phase + n * n) / n for n in range(1, 30))
    swell = np.exp(-(((time_s - seconds / 2) / (seconds / 3)) ** 2))
    return at_level((at_level(np.asarray(tone)) + coloured(chance, seconds, 1.0)) * swell)


def babble(chance: Chance, seconds: float) -> Sound:
    """Noise in the rhythm and the formants of syllables, several talkers at once."""
    sound = np.zeros(round(seconds * RATE_HZ))
    for _ in range(4):
        at_s = chance.uniform(0, 0.3)
        pitch_hz = chance.uniform(90, 240)
        while at_s < seconds:
            length_s = chance.uniform(0.08, 0.25)
            time_s = np.arange(round(length_s * RATE_HZ)) / RATE_HZ
            glide = pitch_hz * (1 + chance.uniform(-0.3, 0.3) * time_s / length_s)
            phase = 2 * np.pi * np.cumsum(glide) / RATE_HZ
            formants = chance.uniform((300, 900, 2300), (800, 2200, 3000))
            syllable = sum(
                np.exp(-(((n * pitch_hz - f) / 150) ** 2)) * np.sin(n * phase)
                for n in range(1, 30)
                for f in formants
            )
            _add(sound, at_s, np.asarray(syllable * np.hanning(len(time_s))))
            at_s += length_s + chance.exponential(0.08)
    return at_level(at_level(sound) + at_level(coloured(chance, seconds, 0.5), -60))


def _hum(chance: Chance, seconds: float) -> Sound:
    time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    tone = sum(chance.uniform(0.1, 1) * np.sin(2 * np.pi * 50 * n * time_s) for n in range(1, 9))
    return at_level(at_level(np.asarray(tone)) + at_level(coloured(chance, seconds, 0.5), -50))


def _beeps(chance: Chance, seconds: float) -> Sound:
    """A lorry that goes backwards."""
    time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    tone = np.sin(2 * np.pi * chance.uniform(900, 1400) * time_s) * (time_s % 1.0 < 0.5)
    return at_level(at_level(tone) + at_level(coloured(chance, seconds, 1.0), -35))


def _cracks(chance: Chance, seconds: float) -> Sound:
    """A whip (甩鞭): a crack every second or two."""
    sound = np.zeros(round(seconds * RATE_HZ))
    at_s = 0.5
    while at_s < seconds:
        _add(sound, at_s, chance.normal(size=4000) * np.exp(-np.arange(4000) / 260))
        at_s += chance.uniform(0.8, 2.0)
    return at_level(at_level(sound) + at_level(coloured(chance, seconds, 0.5), -55))


def _rumble(chance: Chance, seconds: float) -> Sound:
    """Wind on the membrane: below 30 Hz, in gusts."""
    slow = coloured(chance, seconds, 1.5)
    time_s = np.arange(len(slow)) / RATE_HZ
    return at_level(slow * (1.2 + np.sin(2 * np.pi * 0.3 * time_s + chance.uniform(0, 6))))


NO_MUSIC: Mapping[str, Callable[[Chance, float], Sound]] = {
    "white noise": lambda chance, seconds: coloured(chance, seconds, 0.0),
    "pink noise": lambda chance, seconds: coloured(chance, seconds, 0.5),
    "traffic-like noise": lambda chance, seconds: coloured(chance, seconds, 1.0),
    "wind": _rumble,
    "rain": rain,
    "engine": engine,
    "babble": babble,
    "mains hum": _hum,
    "reversing beeps": _beeps,
    "whip": _cracks,
    "babble in pink noise": lambda chance, seconds: mixed(
        babble(chance, seconds), coloured(chance, seconds, 0.5), 5
    ),
}
