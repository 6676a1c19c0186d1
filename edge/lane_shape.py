"""A lane as two sides with a middle line, and the free gaps across it.

All in metres on the ground. S versions of the lane (sides that differ by clicking errors) are cut
by the same cross-sections, which stand square on the nominal lane's middle line.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.geometry import Polygon

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

ACROSS = 0.7
"""An edge more than 45 degrees off the lane's direction belongs to an end, not to a side."""
END_SHARE = 0.4
STRAIGHT = 0.05
MIDDLE_POINTS = 5
PLAIN_SECTIONS = 9
TOUCH_M = 1e-7


@dataclass(frozen=True, slots=True)
class LaneShape:
    """`sides`: indices of the polygon's corners along either side, start to end; `middle` (K, 2)
    the middle line in metres, reaching from the polygon's first to its last corner; `plain` (C, 2)
    points on it where the lane's own width is taken."""

    sides: tuple[Whole, Whole]
    middle: Floats
    plain: Floats

    @property
    def length_m(self) -> float:
        return float(np.linalg.norm(np.diff(self.middle, axis=0), axis=1).sum())


def longest_extent(polygon: Polygon) -> Floats:
    """Direction (2,) of the long side of the smallest rectangle round the polygon."""
    steps = np.roll(polygon, -1, axis=0) - polygon
    steps = steps[np.linalg.norm(steps, axis=1) > 0]
    along = steps / np.linalg.norm(steps, axis=1, keepdims=True)
    across = along @ np.array([[0.0, 1.0], [-1.0, 0.0]])
    length, width = np.ptp(polygon @ along.T, axis=0), np.ptp(polygon @ across.T, axis=0)
    best = int(np.argmin(np.round(length * width, 6)))
    return np.asarray(along[best] if length[best] >= width[best] else across[best])


def lane_shape(polygon: Polygon, axis: Floats | None = None) -> LaneShape:
    """Sides and middle line of an (N, 2) polygon in metres.

    `axis` (2,) is the direction of traffic; without it the lane runs along its longest extent and
    may bend. Give it for segments about as long as they are wide.
    """
    direction = longest_extent(polygon) if axis is None else axis / np.linalg.norm(axis)
    sides = _sides(polygon, direction)
    chains = [polygon[side] for side in sides]
    share = np.linspace(0, 1, 2 if axis is not None or len(polygon) == 4 else MIDDLE_POINTS)
    middle = (_along(chains[0], share) + _along(chains[1], share)) / 2
    if axis is not None:
        half = 0.5 * np.ptp(polygon @ direction) * direction
        middle = np.stack([polygon.mean(axis=0) - half, polygon.mean(axis=0) + half])
    elif _is_straight(middle):
        middle = middle[[0, -1]]
    middle = _reaching_over(middle, polygon)
    return LaneShape(sides, middle, _plain_points(chains, middle))


def _sides(polygon: Polygon, direction: Floats) -> tuple[Whole, Whole]:
    """Corner numbers along the two sides, both from the lane's start to its end."""
    count = len(polygon)
    position = polygon @ direction
    step = np.roll(polygon, -1, axis=0) - polygon
    across = np.abs(step @ direction) < ACROSS * np.linalg.norm(step, axis=1)
    share = (position - position.min()) / np.ptp(position)

    def walk(corner: int, way: int, near: NDArray[np.bool_]) -> int:
        """From an end's outermost corner as far as the end reaches in one direction."""
        for _ in range(count - 1):
            after = (corner + way) % count
            if not across[corner if way > 0 else after] or not near[after]:
                break
            corner = after
        return corner

    first, last = int(position.argmin()), int(position.argmax())
    at_start, at_end = share < END_SHARE, share > 1 - END_SHARE
    one = (walk(first, 1, at_start), walk(last, -1, at_end))
    other = (walk(first, -1, at_start), walk(last, 1, at_end))
    forward = np.arange(one[0], one[0] + (one[1] - one[0]) % count + 1) % count
    backward = np.arange(other[0], other[0] - (other[0] - other[1]) % count - 1, -1) % count
    return forward, backward


def _along(chain: Floats, share: Floats) -> Floats:
    """Points at shares (0-1) of the chain's length."""
    lengths = np.linalg.norm(np.diff(chain, axis=0), axis=1)
    at = np.concatenate([[0.0], lengths.cumsum()])
    return np.stack([np.interp(share * at[-1], at, chain[:, i]) for i in (0, 1)], axis=-1)


def _is_straight(line: Floats) -> bool:
    chord = line[-1] - line[0]
    length = np.linalg.norm(chord)
    off = (line - line[0]) @ np.array([-chord[1], chord[0]]) / max(length, 1e-9)
    return bool(np.abs(off).max() < STRAIGHT * length)


def _reaching_over(middle: Floats, polygon: Polygon) -> Floats:
    """The middle line with its ends moved to where the polygon begins and ends."""
    ends = []
    for end, inner in ((middle[0], middle[1]), (middle[-1], middle[-2])):
        outward = (end - inner) / np.linalg.norm(end - inner)
        mine = np.linalg.norm(polygon - end, axis=1) <= np.linalg.norm(polygon - inner, axis=1)
        reach = ((polygon[mine] - end) @ outward).max(initial=0.0)
        ends.append(end + reach * outward)
    return np.concatenate([ends[:1], middle[1:-1], ends[1:]])


def _plain_points(chains: list[Floats], middle: Floats) -> Floats:
    """Points of the middle line that both sides reach, (C, 2)."""
    at = [_positions(middle, chain) for chain in chains]
    begin, end = max(a[0] for a in at), min(a[-1] for a in at)
    even = np.linspace(begin, end, PLAIN_SECTIONS) if begin < end else np.array([(begin + end) / 2])
    corners = np.concatenate(at)
    inside = corners[(corners >= begin) & (corners <= end)]
    return _points_at(middle, np.concatenate([even, inside]))


def _positions(middle: Floats, points: Floats) -> Floats:
    """How far along the middle line (metres) the points lie nearest to it."""
    start, step = middle[:-1], np.diff(middle, axis=0)
    length = np.linalg.norm(step, axis=1)
    share = np.clip(((points[:, None] - start) * step).sum(axis=-1) / length**2, 0, 1)
    off = np.linalg.norm(points[:, None] - start - share[..., None] * step, axis=-1)
    near = off.argmin(axis=1)
    before = np.concatenate([[0.0], length.cumsum()[:-1]])
    return np.asarray((before + share * length)[np.arange(len(points)), near])


def _points_at(middle: Floats, position: Floats) -> Floats:
    total = np.linalg.norm(np.diff(middle, axis=0), axis=1).sum()
    return _along(middle, position / total)


def direction_at(shape: LaneShape, points: Floats) -> Floats:
    """The lane's direction (radians) at (V, 2) points, shape (V,)."""
    tangent = _sections(shape, points)[1]
    return np.asarray(np.arctan2(tangent[:, 1], tangent[:, 0]), dtype=np.float64)


def clear_widths(shape: LaneShape, polygons: Floats, footprints: Floats) -> Floats:
    """Clear width in metres of each of S versions, (S,): over all cross-sections the least widest
    gap. `polygons` (S, N, 2), `footprints` (S, V, 4, 2).

    Between corners of lane and vehicles the gaps' borders are straight, so the sections through
    the corners are the ones that matter.
    """
    samples, vehicles = footprints.shape[:2]
    corners = footprints.reshape(samples, vehicles * 4, 2)
    plain = np.broadcast_to(shape.plain, (samples, *shape.plain.shape))
    points = np.concatenate([plain, corners], axis=1)
    foot, tangent = _sections(shape, points.reshape(-1, 2))
    foot, tangent = foot.reshape(points.shape), tangent.reshape(points.shape)
    borders = np.stack([_border(polygons[:, side], foot, tangent) for side in shape.sides], axis=-1)
    lane = np.sort(borders, axis=-1)
    widest = _widest_gap(lane, _obstacles(footprints, foot, tangent))
    return np.asarray(np.nan_to_num(widest, nan=np.inf).min(axis=1), dtype=np.float64)


def _sections(shape: LaneShape, points: Floats) -> tuple[Floats, Floats]:
    """Foot on the middle line and tangent there, (M, 2) each, of the sections through points."""
    middle = shape.middle
    start, step = middle[:-1], np.diff(middle, axis=0)
    length = np.linalg.norm(step, axis=1)
    share = np.clip(((points[:, None] - start) * step).sum(axis=-1) / length**2, 0, 1)
    foot = start + share[..., None] * step
    near = np.linalg.norm(points[:, None] - foot, axis=-1).argmin(axis=1)
    return foot[np.arange(len(points)), near], (step / length[:, None])[near]


def _offsets(points: Floats, foot: Floats, tangent: Floats) -> tuple[Floats, Floats]:
    """Along and across coordinates (S, T, P) of points (S, P, 2) in the T sections' frames."""
    # Two plain products: several times faster than sums over a last axis of length 2.
    tx, ty = tangent[..., 0, None], tangent[..., 1, None]
    fx, fy = foot[..., 0, None], foot[..., 1, None]
    px, py = points[:, None, :, 0], points[:, None, :, 1]
    along = px * tx + py * ty - (fx * tx + fy * ty)
    across = py * tx - px * ty - (fy * tx - fx * ty)
    return along, across


def _border(chain: Floats, foot: Floats, tangent: Floats) -> Floats:
    """Where each section meets a side (S, n, 2) of the lane, (S, T); NaN where it does not.

    The side is prolonged at both ends, so that a slanting end does not look like a narrow place.
    """
    if chain.shape[1] == 1:
        chain = np.concatenate([chain, chain + 1e-3 * tangent[:, :1]], axis=1)
    reach = 1e3
    first = chain[:, :1] + reach * _unit(chain[:, :1] - chain[:, 1:2])
    last = chain[:, -1:] + reach * _unit(chain[:, -1:] - chain[:, -2:-1])
    line = np.concatenate([first, chain, last], axis=1)
    along, across = _offsets(line, foot, tangent)
    meets = _meetings(along[..., :-1], along[..., 1:], across[..., :-1], across[..., 1:])
    distance = np.where(np.isnan(meets), np.inf, np.abs(meets))
    nearest = distance.argmin(axis=-1)[..., None]
    return np.asarray(np.take_along_axis(meets, nearest, axis=-1)[..., 0], dtype=np.float64)


def _unit(vectors: Floats) -> Floats:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True))


def _meetings(a1: Floats, a2: Floats, b1: Floats, b2: Floats) -> Floats:
    """Across coordinate where an edge passes along = 0; NaN where it does not."""
    passes = (a1 <= 0) != (a2 <= 0)
    share = a1 / np.where(passes, a1 - a2, 1.0)
    return np.where(passes, b1 + share * (b2 - b1), np.nan)


def _obstacles(footprints: Floats, foot: Floats, tangent: Floats) -> Floats:
    """From-to of every footprint in every section, (S, T, V, 2); an empty one is (inf, -inf)."""
    samples, vehicles = footprints.shape[:2]
    along, across = _offsets(footprints.reshape(samples, -1, 2), foot, tangent)
    shape = (*along.shape[:2], vehicles, 4)
    along, across = along.reshape(shape), across.reshape(shape)
    after, beside = np.roll(along, -1, axis=-1), np.roll(across, -1, axis=-1)
    meets = _meetings(along, after, across, beside)
    touches = np.where(np.abs(along) <= TOUCH_M, across, np.nan)
    where = np.concatenate([meets, touches], axis=-1)
    absent = np.isnan(where)
    low = np.where(absent, np.inf, where).min(axis=-1, initial=np.inf)
    high = np.where(absent, -np.inf, where).max(axis=-1, initial=-np.inf)
    return np.stack([low, high], axis=-1)


def _widest_gap(lane: Floats, taken: Floats) -> Floats:
    """Widest free gap (S, T) of lanes (S, T, 2) partly taken by (S, T, V, 2)."""
    order = taken[..., 0].argsort(axis=-1)[..., None]
    taken = np.take_along_axis(taken, order, axis=2)
    right, left = lane[..., :1], lane[..., 1:]
    until = np.concatenate([right, np.maximum(taken[..., 1], right)], axis=-1)
    until = np.maximum.accumulate(until, axis=-1)
    begin = np.concatenate([np.minimum(taken[..., 0], left), left], axis=-1)
    return np.asarray((begin - until).max(axis=-1).clip(min=0.0), dtype=np.float64)
