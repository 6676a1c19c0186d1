"""The chain of the audit log: nothing can be changed, removed, inserted or cut off unseen."""

from dataclasses import replace
from datetime import timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.audit import (
    ACTIONS,
    FIRST,
    MAX_DETAIL_BYTES,
    Broken,
    Head,
    Noted,
    Row,
    chained,
    hash_of,
    verify,
)
from tests.central.events import NOW

TEXTS = st.text(max_size=90)
NOTES = st.builds(
    Noted,
    at=st.datetimes(timezones=st.sampled_from([timezone(timedelta(hours=8)), NOW.tzinfo])),
    actor=TEXTS,
    action=st.sampled_from(sorted(ACTIONS)),
    subject=st.text(max_size=250),
    address=TEXTS,
    detail=st.dictionaries(TEXTS, st.one_of(st.none(), st.booleans(), st.integers(), TEXTS)),
)


def chain_of(notes: list[Noted]) -> list[Row]:
    rows: list[Row] = []
    for noted in notes:
        rows.append(chained(Head(len(rows), rows[-1].hash) if rows else Head(), noted))
    return rows


def numbered(count: int) -> list[Row]:
    return chain_of([Noted(NOW, "zhang", "login", subject=str(n)) for n in range(count)])


@given(st.lists(NOTES, max_size=8))
def test_what_was_chained_is_sound(notes: list[Noted]) -> None:
    rows = chain_of(notes)
    assert verify(rows) == Head(len(rows), rows[-1].hash if rows else FIRST)


@given(
    st.lists(NOTES, min_size=1, max_size=6),
    st.data(),
    st.sampled_from(["actor", "action", "subject", "address", "detail", "previous", "hash", "at"]),
)
def test_any_change_is_found_at_its_row(notes: list[Noted], data: st.DataObject, name: str) -> None:
    rows = chain_of(notes)
    at = data.draw(st.integers(0, len(rows) - 1))
    old = getattr(rows[at], name)
    rows[at] = replace(rows[at], **{name: old + timedelta(0, 1) if name == "at" else old + "x"})
    assert isinstance(found := verify(rows), Broken)
    assert found.number == at + 1


def test_a_forger_who_hashes_anew_is_found_at_the_next_row() -> None:
    rows = numbered(5)
    forged = replace(rows[2], actor="somebody else")
    rows[2] = replace(forged, hash=hash_of(forged))
    assert verify(rows) == Broken(4, "it does not follow the row before it")


@pytest.mark.parametrize(
    ("order", "number"),
    [([0, 2, 3], 3), ([1, 2, 3], 2), ([0, 2, 1, 3], 3), ([0, 1, 1, 2, 3], 2), ([3, 2, 1, 0], 4)],
)
def test_removed_swapped_and_doubled_rows_are_found(order: list[int], number: int) -> None:
    rows = numbered(4)
    found = verify([rows[n] for n in order])
    assert isinstance(found, Broken)
    assert found.number == number


def test_a_cut_or_rewritten_log_is_found_by_a_head_that_was_written_down() -> None:
    rows, other = numbered(6), chain_of([Noted(NOW, "li", "login")] * 6)
    head = Head(rows[4].number, rows[4].hash)
    assert verify(rows, head) == Head(6, rows[5].hash)
    assert verify(rows[:3], head) == Broken(5, "the log ends at 3: rows were cut off")
    assert isinstance(verify(other, head), Broken)
    assert isinstance(verify(other), Head)  # that is why heads are written down


def test_texts_fit_their_columns_and_every_database() -> None:
    long = "\x00\ud800名" * 300
    row = chained(Head(), Noted(NOW, long, "login", long, long, {"k": "x" * 9000}))
    assert (len(row.actor), len(row.subject), len(row.address)) == (80, 200, 64)
    assert len(row.detail) <= MAX_DETAIL_BYTES
    assert "\x00" not in row.actor + row.subject + row.address + row.detail
    row.actor.encode()


def test_an_unknown_action_is_a_fault_of_the_program() -> None:
    with pytest.raises(ValueError, match="no action"):
        chained(Head(), Noted(NOW, "a", "destroyed"))
