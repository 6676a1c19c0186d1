"""From blocks to seconds and tags: whatever the size of the blocks, the rate, the gaps."""

import numpy as np
import pytest

from edge.sound.ear import Ear
from edge.sound.frames import Invalid
from edge.sound.given import Given
from edge.sound.inbox import Inbox
from edge.sound.level import MeterSetup
from tests.dances import frame
from tests.ears import FULL_SCALE_DB, RATE_HZ, LoudIsMusic, blocks, noise


def heard(pieces) -> Given:
    ear = Ear(MeterSetup(FULL_SCALE_DB), LoudIsMusic())  # type: ignore[arg-type]
    given = [ear.hear(block) for block in pieces]
    return Given(
        tuple(s for one in given for s in one.seconds), tuple(h for one in given for h in one.heard)
    )


@pytest.mark.parametrize("size", [160, 1024, 48_000])
def test_the_size_of_the_blocks_changes_nothing(size):
    sound = noise(70, 6)
    known, other = heard(blocks(sound)), heard(blocks(sound, size=size))
    assert len(known.seconds) == 6
    assert [s.laeq_db for s in other.seconds] == pytest.approx([s.laeq_db for s in known.seconds])
    assert [tags.ts for tags, _ in other.heard] == [tags.ts for tags, _ in known.heard]
    assert [tags.top for tags, _ in other.heard] == [tags.top for tags, _ in known.heard]


@pytest.mark.parametrize("rate_hz", [8_000, 44_100, 48_000])
def test_tags_keep_the_time_of_the_sound_at_any_rate(rate_hz):
    quiet, loud = noise(40, 5, rate_hz), noise(80, 5, rate_hz)
    given = heard(blocks(np.concatenate([quiet, loud]), 100.0, 512, rate_hz))
    assert [s.ts for s in given.seconds] == pytest.approx([100.0 + n for n in range(10)])
    first = next(tags for tags, _ in given.heard if tags.scores.music > 0)
    assert first.middle_s == pytest.approx(105.0, abs=0.5)
    assert given.heard[-1][0].ts == pytest.approx(108.64, abs=0.5)


def test_the_first_channel_counts_alone():
    sound = noise(70, 3)
    silent = np.zeros_like(sound)
    stereo = heard(
        type(b)(np.stack([b.samples[0], silent[: b.samples.shape[1]]]), b.rate_hz, b.ts)
        for b in blocks(sound)
    )
    alone = heard(blocks(sound))
    assert [s.laeq_db for s in stereo.seconds] == [s.laeq_db for s in alone.seconds]


def test_another_rate_in_the_middle_goes_on():
    given = heard([*blocks(noise(70, 3)), *blocks(noise(70, 3, 8_000), 3.0, 800, 8_000)])
    assert [s.ts for s in given.seconds] == [0, 1, 2, 3, 4, 5]
    assert all(s.valid for s in given.seconds)


def test_a_gap_is_a_gap_and_time_that_jumps_back_is_no_crash():
    given = heard([*blocks(noise(70, 2)), *blocks(noise(70, 2), 5.5), *blocks(noise(70, 2), 1.0)])
    assert [s.ts for s in given.seconds][:2] == [0, 1]
    assert Invalid.GAP in given.seconds[2].invalid
    middles = [tags.middle_s for tags, _ in given.heard]
    assert middles == sorted(set(middles))


@pytest.mark.parametrize("rate_hz", [4_000, 200_000])
def test_a_rate_that_cannot_be_measured_gives_nothing(rate_hz):
    given = heard(blocks(noise(70, 2, rate_hz), 0.0, 1000, rate_hz))
    assert given == Given()


def test_broken_samples_are_a_gap_and_never_loud():
    sound = noise(70, 3)
    sound[RATE_HZ : 2 * RATE_HZ] = np.nan
    given = heard(blocks(sound, size=RATE_HZ))
    assert [s.ts for s in given.seconds] == [0, 2]
    assert all(s.laeq_db < 75 for s in given.seconds)


def test_the_inbox_holds_fifteen_seconds_and_counts_what_it_drops():
    inbox = Inbox()
    for block in blocks(noise(70, 20)):
        inbox.put(block)
    held = inbox.take(0)
    assert sum(block.end_ts - block.ts for block in held) == pytest.approx(15.0, abs=0.11)
    assert held[-1].end_ts == pytest.approx(20.0)  # the newest stays
    assert inbox.dropped_s == pytest.approx(5.0, abs=0.11)
    assert inbox.take(0) == []
    inbox.put(frame(3.0, 60))
    assert len(inbox.take(0)) == 1
