"""What holds for coordinates, shapes and bands whatever they are."""

from datetime import UTC, datetime, time, timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from central.clocks.calendar_file import shipped
from central.routing.bands import Band
from central.routing.codes import NO_CODE, Code, Codes
from central.routing.crs import Point, from_gcj02, to_gcj02
from central.routing.grids import Atlas, Grid
from central.routing.shapes import metres_between, read_area

CN = shipped()
in_china = st.tuples(st.floats(74, 134), st.floats(2, 54))
moments = st.integers(0, 365 * 24 * 60).map(
    lambda m: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=m)
)


@given(in_china)
def test_gcj02_comes_back_to_a_centimetre(point: Point) -> None:
    assert metres_between(from_gcj02(to_gcj02(point)), point) < 0.01


def grid(number: int) -> Grid:
    west = 121.0 + number * 0.001
    ring = [
        (west, 31.0),
        (west + 0.001, 31.0),
        (west + 0.001, 31.001),
        (west, 31.001),
        (west, 31.0),
    ]
    return Grid(str(number), "", "unit", "street", read_area([[ring]]))


ROW = Atlas(tuple(grid(number) for number in range(10)))


@given(st.floats(121.0, 121.00999), st.floats(31.0, 31.00099), st.sampled_from("0123456789x"))
def test_every_point_of_a_gapless_row_has_a_grid_that_is_there(
    x: float, y: float, declared: str
) -> None:
    found = ROW.locate((x, y), declared)
    assert found.grid is not None
    assert found.grid.area.contains((x, y)) or found.grid.area.border_m((x, y)) < 5


@given(st.permutations(range(10)), st.floats(120.999, 121.011), st.floats(30.999, 31.002))
def test_the_order_of_grids_does_not_matter(order: list[int], x: float, y: float) -> None:
    shuffled = Atlas(tuple(ROW.grids[n] for n in order))
    assert shuffled.locate((x, y)) == ROW.locate((x, y))


@settings(max_examples=60)
@given(moments)
def test_a_moment_is_in_working_time_or_off(at: datetime) -> None:
    assert Band("work").covers(at, CN) != Band("off").covers(at, CN)


@settings(max_examples=60)
@given(moments, st.times(), st.times(), st.frozensets(st.integers(0, 6), min_size=1))
def test_hours_and_the_hours_between_them_make_the_whole_week(
    at: datetime, begin: time, end: time, days: frozenset[int]
) -> None:
    every = frozenset(range(7))
    one, other = Band("hours", begin, end, every), Band("hours", end, begin, every)
    if begin != end:
        assert one.covers(at, CN) != other.covers(at, CN)
    some = Band("hours", begin, end, days)
    assert not some.covers(at, CN) or one.covers(at, CN)


words = st.sampled_from(["*", "a", "b", ""])
coded = st.lists(st.tuples(words, words), max_size=8).map(
    lambda pairs: [Code(f"C{n}", scene=s, severity=d) for n, (s, d) in enumerate(pairs)]
)


@given(coded, words, words, st.randoms())
def test_a_code_fits_what_was_asked_whatever_the_order_of_rows(
    rows: list[Code], scene: str, severity: str, chance: Random
) -> None:
    found = Codes(tuple(rows)).of(scene, severity)
    fits = [row for row in rows if row.scene == scene and row.severity in (severity, "*")]
    assert (found in fits) if fits else (found == NO_CODE)
    if any(row.severity == severity for row in fits):
        assert found.severity == severity
    shuffled = chance.sample(rows, len(rows))
    assert Codes(tuple(shuffled)).of(scene, severity) == found
