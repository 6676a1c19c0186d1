"""Sound to events: the evening, its end by the clock, a restart in the middle, what is broken."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from edge.events import IncidentEvent
from edge.scenes.gathering import Look
from edge.sound.calibration import Standing, declared
from edge.sound.frames import Invalid
from edge.sound.worth import Worth
from edge.types import Frame
from tests.dances import frame
from tests.ears import FULL_SCALE_DB, START, Heap, blocks, noise, pipeline
from tests.factories import road

REMINDED, DISSUADED, RECHECKING, FILED = LADDER = [
    ("warned", "reminded"),
    ("warned", "dissuaded"),
    ("warned", "rechecking"),
    ("confirmed", "over_limit"),
]
QUIET, MUSIC = noise(50, 40), noise(80, 60)
EVENING = np.concatenate([QUIET, MUSIC])


def feed(heard, sound: np.ndarray, ts: float = 0.0) -> None:
    for block in blocks(sound, ts):
        heard.hear(block)


def test_music_climbs_the_ladder_and_ends() -> None:
    heap = Heap()
    heard = pipeline(heap)
    feed(heard, np.concatenate([EVENING, noise(50, 60)]))
    assert heap.incidents == [*LADDER, ("cleared", "over")]
    reached = [told.event.data.reached for told in heap.told]
    assert reached == ["warned", "warned", "warned", "confirmed", "confirmed"]
    assert [len(told.pictures) for told in heap.told] == [1] * 5
    since = heap.told[0].event.data.since - START
    assert since.total_seconds() == pytest.approx(40, abs=1)


@pytest.mark.parametrize("size", [997, 16_000, 48_000])
def test_the_size_of_the_blocks_changes_no_event(size: int) -> None:
    sound = np.concatenate([QUIET[: 25 * 16_000], MUSIC[: 20 * 16_000]])
    told = []
    for size_now in (1600, size):
        heap = Heap()
        heard = pipeline(heap)
        for block in blocks(sound, size=size_now):
            heard.hear(block)
        events = [one.event.model_dump_json() for one in heap.told]
        ids = [i for one in heap.told for i in (one.event.id, one.event.data.incident_id)]
        for unique in ids:
            events = [event.replace(unique, "-") for event in events]
        told.append(events)
    assert len(told[0]) == 3
    assert told[0] == told[1]


def test_a_source_that_falls_silent_ends_nothing() -> None:
    """A gap is no silence: nobody knows whether the music stopped."""
    heap = Heap()
    heard = pipeline(heap)
    feed(heard, EVENING)
    assert heap.incidents == LADDER
    for second in range(100, 400):
        heard.clock(float(second))
    assert heap.incidents == LADDER
    assert heap.conditions == [("mic_dead", "raised")]
    assert heard.latest.invalid == ["no_sound"]
    assert not heard.latest.valid
    feed(heard, noise(50, 60), 400.0)
    assert heap.incidents == [*LADDER, ("cleared", "over")]
    assert heap.conditions[-1] == ("mic_dead", "cleared")


def test_a_restart_continues_the_same_evening() -> None:
    heap, second = Heap(), Heap()
    first = pipeline(heap)
    feed(first, EVENING[: 55 * 16_000])
    assert heap.incidents[0] == REMINDED
    kept = first.state(55.0, START + timedelta(seconds=55))
    again = pipeline(second)
    again.restore(kept.get, 58.0, START + timedelta(seconds=58))  # away for three seconds
    feed(again, np.concatenate([MUSIC, noise(50, 60)]), 58.0)
    assert heap.incidents + second.incidents == [*LADDER, ("cleared", "over")]
    ids = {told.event.data.incident_id for told in heap.told + second.told}
    assert len(ids) == 1
    revs = [told.event.data.rev for told in heap.told + second.told]
    assert revs == list(range(1, len(revs) + 1))
    assert all(told.event.data.restored for told in second.told)


def test_the_latest_level_is_there_to_be_shown() -> None:
    heard = pipeline(Heap())
    assert heard.latest.laeq_1s_db is None
    feed(heard, MUSIC[: 20 * 16_000])
    state = heard.latest
    # A weighting, and the estimate of what lies above the band, move white noise by a decibel.
    assert state.laeq_1s_db == pytest.approx(80, abs=2)
    assert state.laeq_10s_db == pytest.approx(state.laeq_1s_db, abs=0.5)
    assert (state.top, state.valid, state.calibrated) == ("Music", True, True)
    assert state.at == START + timedelta(seconds=19)


def test_a_dead_or_silent_microphone_never_reads_loud() -> None:
    heap = Heap()
    heard = pipeline(heap)
    feed(heard, np.zeros(60 * 16_000, np.float32))
    assert heap.incidents == []
    assert heap.conditions == [("mic_dead", "raised")]
    assert heard.latest.laeq_1s_db is not None
    assert heard.latest.laeq_1s_db < 0


def test_an_expired_calibration_tells_so_and_never_files() -> None:
    heap = Heap()
    expired = Worth(declared(FULL_SCALE_DB, START - timedelta(days=800)))
    feed(pipeline(heap, expired), EVENING)
    assert heap.conditions == [("calibration_expired", "raised")]
    assert heap.incidents == [REMINDED, DISSUADED]
    sound = heap.told[1].event.data.measures.sound
    assert (sound.outcome, sound.reason) == ("advisory", "calibration_expired")


def test_a_shadow_decides_the_same_and_says_that_it_is_one() -> None:
    heap = Heap()
    feed(pipeline(heap, shadow=True), EVENING)
    assert heap.incidents == LADDER
    assert {told.event.data.mode for told in heap.told} == {"shadow"}


def test_a_permit_takes_the_rule_away() -> None:
    heap = Heap()
    permit = {
        "id": "FEST-1",
        "what": "other",
        "from": "2026-11-24T18:00:00+08:00",
        "to": "2026-11-24T22:00:00+08:00",
    }
    feed(pipeline(heap, permits=[permit]), EVENING)
    assert heap.incidents == []


def test_people_in_the_picture_file_and_are_masked() -> None:
    heap = Heap()
    heard = pipeline(heap, min_people=8)
    for block in blocks(EVENING):
        if block.ts % 1 < 0.05:
            picture = Frame(road(), block.ts, START + timedelta(seconds=block.ts))
            heard.saw(picture, {"SQ-02": Look(block.ts, 12, 12)})
        heard.hear(block)
    assert heap.incidents == LADDER
    case = heap.told[-1]
    assert case.event.data.measures.sound.people == 12
    roles = [picture.ref.role for picture in case.pictures]
    assert roles == ["level_curve", "confirmed_masked", "loudest_masked"]


def test_a_meter_gives_the_levels_and_the_camera_says_what_it_is() -> None:
    heap = Heap()
    heard = pipeline(heap, Worth(own=Standing("calibrated")), metered=True)
    for number, block in enumerate(blocks(EVENING, size=16_000)):
        heard.hear(replace(block, samples=block.samples / 3))  # its scale means nothing
        heard.measured(frame(float(number), 50 if number < 40 else 78))
    assert heap.incidents == LADDER
    assert heap.told[-1].event.data.measures.sound.laeq_db == pytest.approx(78, abs=0.1)


def test_a_meter_that_says_that_it_is_not_calibrated_any_more_files_nothing() -> None:
    heap = Heap()
    heard = pipeline(heap, Worth(own=Standing("calibrated")), metered=True)
    for number, block in enumerate(blocks(EVENING, size=16_000)):
        heard.hear(block)
        level_db = 50 if number < 40 else 78
        heard.measured(frame(float(number), level_db, Invalid.CALIBRATION_EXPIRED))
    assert heap.conditions == [("calibration_expired", "raised")]
    assert heap.incidents == [REMINDED, DISSUADED]
    said = [told.event for told in heap.told if isinstance(told.event, IncidentEvent)]
    assert said[-1].data.measures.sound.calibration.state == "expired"
