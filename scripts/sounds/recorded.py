"""Recordings as pieces of ten seconds: folders of the user, and the sample evening."""

import json
from pathlib import Path

import av
import numpy as np

from .made import RATE_HZ, Sound

PIECE_S = 10
SUFFIXES = {".wav", ".flac", ".ogg", ".mp3", ".m4a", ".aac", ".opus"}
EDGE_S = 2.0
"""So close to the border of a segment nothing is taken."""


class BadFolder(Exception):
    """A folder without recordings that can be read; one line."""


def read(path: Path) -> Sound:
    """A recording as one channel at 16 kHz, full scale 1.0; BadFolder when it is none."""
    try:
        with av.open(str(path)) as container:
            to_mono = av.AudioResampler(format="fltp", layout="mono", rate=RATE_HZ)
            frames = [out for frame in container.decode(audio=0) for out in to_mono.resample(frame)]
            frames += to_mono.resample(None)
    except (av.FFmpegError, IndexError, ValueError) as error:
        raise BadFolder(f"{path}: cannot be read: {error}") from None
    if not frames:
        raise BadFolder(f"{path}: no sound in it")
    return np.concatenate([frame.to_ndarray()[0] for frame in frames]).astype(np.float32)


def pieces(sound: Sound) -> list[Sound]:
    """Pieces of ten seconds one after the other, without the rest and without silence."""
    size = PIECE_S * RATE_HZ
    cut = [sound[start : start + size] for start in range(0, len(sound) - size + 1, size)]
    return [piece for piece in cut if np.sqrt(np.mean(piece**2)) > 1e-4]


def folder(path: Path) -> list[Sound]:
    """Pieces of all recordings below a folder, by name; BadFolder when there are none."""
    files = sorted(p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES)
    found = [piece for file in files for piece in pieces(read(file))]
    if not found:
        raise BadFolder(f"{path}: no recording of ten seconds ({', '.join(sorted(SUFFIXES))})")
    return found


def evening(media: Path) -> dict[str, list[Sound]]:
    """Pieces of the sample evening by what they are; empty where it is not there."""
    clip = media / "plaza_evening.flac"
    if not clip.exists():
        return {}
    truth = json.loads((media / "truth.json").read_text())
    segments = next(one for one in truth if one["clip"] == clip.name)["segments"]
    sound, found = read(clip), dict[str, list[Sound]]()
    for segment in segments:
        begin = round((segment["from_s"] + EDGE_S) * RATE_HZ)
        end = round((segment["to_s"] - EDGE_S) * RATE_HZ)
        found.setdefault(segment["what"], []).extend(pieces(sound[begin:end]))
    return {what: some for what, some in found.items() if some}
