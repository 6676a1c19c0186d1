"""Spots as JSON: what a restart must not forget. Times are written as seconds before the dump."""

import base64
from typing import Any

import numpy as np

from edge.patch import SIDE, Look
from edge.scenes.rolling import Sighting
from edge.scenes.spot import Spot


def spot_to_json(spot: Spot, ts: float) -> dict[str, Any]:
    """A spot as it is at `ts`."""
    return {
        "box": spot.box,
        "name": spot.name,
        "score": spot.score,
        "since_s_ago": ts - spot.since_ts,
        "born_s_ago": ts - spot.born_ts,
        "seen_s_ago": ts - spot.seen_ts,
        "shown_s_ago": ts - spot.shown_ts,
        "looked_s_ago": ts - spot.looked_ts,
        "in_place_s_ago": ts - spot.in_place_ts,
        "away_s_ago": None if spot.away_since_ts is None else ts - spot.away_since_ts,
        "hits": spot.hits,
        "looks": spot.looks,
        "evidence": spot.evidence,
        "number": spot.number,
        "standing": spot.standing,
        "look": _look_to_text(spot.look),
        "ground": None if spot.ground is None else _look_to_text(spot.ground),
        "already_there": spot.already_there,
        "hidden_s_ago": None if spot.hidden_since_ts is None else ts - spot.hidden_since_ts,
        "arrival": [[ts - s.before_ts, ts - s.ts, *s.box] for s in spot.arrival],
        "boxes": list(spot.boxes),
    }


def spot_from_json(item: dict[str, Any], ts: float) -> Spot:
    """Back from a dump; `ts` is the present moment less the time the box was away."""
    x1, y1, x2, y2 = item["box"]
    spot = Spot(
        box=(x1, y1, x2, y2),
        name=item["name"],
        score=item["score"],
        since_ts=ts - item["since_s_ago"],
        born_ts=ts - item["born_s_ago"],
        seen_ts=ts - item["seen_s_ago"],
        shown_ts=ts - item["shown_s_ago"],
        looked_ts=ts - item["looked_s_ago"],
        in_place_ts=ts - item["in_place_s_ago"],
        away_since_ts=_moment(item["away_s_ago"], ts),
        hidden_since_ts=_moment(item["hidden_s_ago"], ts),
        hits=item["hits"],
        looks=item["looks"],
        evidence=item["evidence"],
        number=item["number"],
        look=_look_from_text(item["look"]),
        ground=None if item["ground"] is None else _look_from_text(item["ground"]),
        standing=item["standing"],
        restored=item["standing"],
        already_there=item["already_there"],
        status="hidden",
    )
    for before_s_ago, s_ago, a, b, c, d in item["arrival"]:
        spot.arrival.append(Sighting(ts - before_s_ago, ts - s_ago, (a, b, c, d)))
    spot.boxes.extend((a, b, c, d) for a, b, c, d in item["boxes"])
    return spot


def _moment(ago_s: float | None, ts: float) -> float | None:
    return None if ago_s is None else ts - ago_s


def _look_to_text(look: Look) -> str:
    levels = np.clip(look.round(), 0, 255).astype(np.uint8)
    return base64.b64encode(levels.tobytes()).decode()


def _look_from_text(text: str) -> Look:
    flat = np.frombuffer(base64.b64decode(text), dtype=np.uint8)
    return flat.reshape(SIDE, SIDE).astype(np.float32)
