"""What sound looks like where it must not be: pieces of a waveform and of mel patches, as bytes."""

import base64
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from edge.sound.tag_frontend import PatchStream

PIECE = 8
"""Samples of a piece: long enough to be met by chance never, short enough to be in any buffer."""
PLACES = 60
MEL_CELLS = 16
FORMATS = ("<i2", ">i2", "<i4", "<f4", ">f4", "<f8")


def needles(sound: NDArray[np.float32]) -> dict[str, list[bytes]]:
    """Pieces of the sound by kind; `sound` is (N,), 16 kHz, full scale 1.0."""
    loud = np.flatnonzero(np.abs(sound[: -4 * PIECE]) > 0.01)
    places = np.random.default_rng(3).choice(loud, PLACES, replace=False)
    found: dict[str, list[bytes]] = {name: [] for name in FORMATS}
    found |= {"mu-law": [], "text": [], "base64": []}
    for at in places.tolist():
        piece = sound[at : at + PIECE]
        for name in FORMATS:
            found[name].append(coded(piece, name))
        found["mu-law"].append(_mu_law(sound[at : at + 2 * PIECE]))
        found["text"].append(",".join(f"{value:.5f}" for value in piece[:3]).encode())
        found["text"].append(", ".join(str(v) for v in _whole(piece, 2**15)[:5]).encode())
        found["base64"] += _base64(coded(sound[at : at + 4 * PIECE], "<i2"))
    return found | _mel(sound)


def coded(piece: NDArray[np.float32], name: str) -> bytes:
    """Samples in one of FORMATS."""
    kind = np.dtype(name)
    if kind.kind == "f":
        return piece.astype(kind).tobytes()
    return _whole(piece, 2.0 ** (8 * kind.itemsize - 1)).astype(kind).tobytes()


def hits(haystack: bytes, wanted: dict[str, list[bytes]]) -> Iterator[str]:
    """Kinds of which a piece lies in the bytes."""
    for kind, pieces in wanted.items():
        if any(piece in haystack for piece in pieces):
            yield kind


def _whole(piece: NDArray[np.float32], full: float) -> NDArray[np.int64]:
    numbers: NDArray[np.int64] = np.rint(piece.astype(np.float64) * full).astype(np.int64)
    return numbers


def _mu_law(piece: NDArray[np.float32]) -> bytes:
    """G.711 by its formula, near enough for most samples to be a telephone's bytes."""
    squeezed = np.sign(piece) * np.log1p(255 * np.abs(piece)) / np.log(256)
    return (np.rint((squeezed + 1) * 127.5).astype(np.uint8) ^ 0x7F).tobytes()


def _base64(raw: bytes) -> list[bytes]:
    """What the inner bytes become, wherever in a longer text they stand."""
    return [base64.b64encode(b"\0" * shift + raw)[8:-8] for shift in range(3)]


def _mel(sound: NDArray[np.float32]) -> dict[str, list[bytes]]:
    """Cells of the patches that go to the tagger, as numbers and as the tagger's own bytes."""
    patches = list(PatchStream().push(sound))
    rows = [p.values[40, :MEL_CELLS] for p in patches[:: max(1, len(patches) // PLACES)]]
    lively = [row for row in rows if np.ptp(row) > 1]
    return {
        "mel <f4": [row.astype("<f4").tobytes() for row in lively],
        "mel <f8": [row.astype("<f8").tobytes() for row in lively],
        "mel text": [", ".join(f"{value:.4f}" for value in row[:4]).encode() for row in lively],
    }
