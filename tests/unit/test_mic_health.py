"""What is said of a microphone, and that it is said once."""

from edge.sound.frames import Invalid
from edge.sound.mic_health import ALIVE_S, CLIPPING_S, DEAD_S, MicHealth
from tests.dances import frame


def said(health: MicHealth, from_s: int, seconds: int, **given) -> list[tuple[str, str]]:
    found = []
    for ts in range(from_s, from_s + seconds):
        invalid, comes = given.get("invalid", Invalid.NONE), given.get("comes", True)
        here = (frame(ts, 52, invalid),) if comes else ()
        changes = health.update(ts, here, given.get("expected", True), given.get("expired", ""))
        found += [(change.condition, change.state) for change in changes]
    return found


def test_a_dead_microphone_is_told_once_and_cleared():
    health = MicHealth()
    assert said(health, 0, 30) == []
    assert said(health, 30, int(DEAD_S) - 2, invalid=Invalid.DEAD) == []
    assert said(health, 30 + int(DEAD_S), 60, invalid=Invalid.DEAD) == [("mic_dead", "raised")]
    assert said(health, 200, int(ALIVE_S) + 2) == [("mic_dead", "cleared")]


def test_no_sound_is_a_dead_microphone_only_where_sound_is_expected():
    health = MicHealth()
    assert said(health, 0, 60, comes=False, expected=False) == []
    assert said(health, 60, 60, comes=False) == [("mic_dead", "raised")]


def test_one_bang_is_no_clipping_but_a_tenth_of_a_minute_is():
    health = MicHealth()
    assert said(health, 0, 3, invalid=Invalid.CLIPPING) == []
    assert said(health, 3, 3, invalid=Invalid.CLIPPING) == [("mic_clipping", "raised")]
    assert said(health, 6, CLIPPING_S - 1) == []
    assert said(health, 5 + CLIPPING_S, 1) == [("mic_clipping", "cleared")]


def test_an_expired_calibration_is_told_at_once():
    health = MicHealth()
    assert said(health, 0, 3, expired="expired on 2026-11-01") == [
        ("calibration_expired", "raised")
    ]
    assert said(health, 3, 1) == [("calibration_expired", "cleared")]


def test_what_was_raised_before_a_restart_is_not_told_again():
    health = MicHealth()
    said(health, 0, 60, comes=False)
    again = MicHealth()
    again.load(health.dump(60.0), 1000.0)
    assert again.raised == ("mic_dead",)
    assert said(again, 1000, 60, comes=False) == []
    assert said(again, 1060, 10) == [("mic_dead", "cleared")]
