"""The ledger against the plainest model: a set of numbers."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from central.ledger import MAX_RANGES, YOUNG_S, Ledger, is_due

NUMBERS = st.lists(st.integers(1, 40), max_size=60)


def noted(numbers: list[int]) -> Ledger:
    ledger = Ledger()
    for number in numbers:
        ledger = ledger.note(number)
    return ledger


@given(NUMBERS)
def test_missing_is_exactly_what_did_not_come(numbers: list[int]) -> None:
    ledger, seen = noted(numbers), set(numbers)
    assert ledger.hwm == max(seen, default=0)
    missing = [n for low, high in ledger.missing for n in range(low, high + 1)]
    assert missing == [n for n in range(1, ledger.hwm) if n not in seen]
    assert all(ledger.has(n) is (n in seen) for n in range(1, 45))


@given(NUMBERS, st.randoms())
def test_order_and_repetition_do_not_matter(numbers: list[int], rng: object) -> None:
    shuffled = [*numbers, *numbers]
    rng.shuffle(shuffled)  # type: ignore[attr-defined]
    assert noted(shuffled) == noted(sorted(set(numbers)))


def test_a_box_gone_mad_cannot_make_it_grow() -> None:
    ledger = noted(list(range(2, 5000, 2)))
    assert len(ledger.missing) == MAX_RANGES
    assert ledger.hwm == 4998
    assert not any(ledger.has(n) for n in range(1, 4998, 2))  # asks for more, never for less


def test_a_gap_is_asked_for_ever_more_rarely_but_for_ever() -> None:
    looks = range(0, 4 * 3600 + 30, 30)
    asked = [now for now in looks[1:] if is_due(0.0, now - 30.0, float(now))]
    hours = [3600, 7200, 10800, 14400]
    assert asked == [30, 60, 120, 240, 480, 960, 1920, *hours]


@given(st.lists(st.floats(0, 1e6), min_size=2, max_size=40).map(sorted))
def test_however_often_one_looks_as_much_is_asked(looks: list[float]) -> None:
    steps = sum(is_due(0.0, a, b) for a, b in pairwise(looks))
    assert is_due(0.0, looks[0], looks[-1]) is (steps > 0)


def test_what_came_is_never_asked_for_again() -> None:
    came = list(range(2, 5000, 2))
    ledger = noted(came)
    wanted = {n for low, high in ledger.wanted for n in range(low, high + 1)}
    assert wanted.isdisjoint(came)
    assert len(wanted) == MAX_RANGES - 1


def test_gaps_know_their_age() -> None:
    ledger = Ledger().note(1, 0.0).note(4, 100.0).note(9, 350.0).note(3, 360.0)
    assert ledger.missing == ((2, 2), (5, 8))
    assert ledger.overdue(100.0 + YOUNG_S) == ((2, 2),)
    assert ledger.overdue(99.0 + YOUNG_S) == ()
    assert Ledger.of(9, [list(gap) for gap in ledger.gaps]) == ledger
    assert Ledger.of(9, [[2, 2]]).overdue(YOUNG_S) == ((2, 2),)
