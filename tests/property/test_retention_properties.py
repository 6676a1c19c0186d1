"""Until when pictures are kept, whatever a case is and however the policy is set."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from central.cases.retention import FOREVER, Ending, Policy, masked_until, raw_until
from central.cases.states import ENDED, OPEN

ENDED_AT = datetime(2026, 11, 24, 14, tzinfo=UTC)
DAYS = st.sampled_from([0, 30, 90, 1095])
POLICIES = st.builds(Policy, DAYS, DAYS, DAYS)
ENDINGS = st.builds(
    Ending,
    st.sampled_from(sorted(OPEN | ENDED)),
    st.sampled_from([None, "handled", "self_cleared", "explained"]),
    st.sampled_from([None, ENDED_AT]),
    st.booleans(),
)


@given(POLICIES, ENDINGS)
def test_nothing_open_held_or_kept_for_ever_falls_due(policy: Policy, ending: Ending) -> None:
    kept = ending.held or ending.state in OPEN or ending.ended_at is None
    days = policy.void_days if ending.was_nothing else policy.handled_days
    wanted = None if kept or not days else ENDED_AT + timedelta(days=days)
    assert raw_until(policy, ending) == wanted
    masked = None if kept or not policy.masked_days else policy.masked_days
    assert masked_until(policy, ending) == (masked and ENDED_AT + timedelta(days=masked))


@given(ENDINGS)
def test_without_a_policy_nothing_ever_falls_due(ending: Ending) -> None:
    assert raw_until(FOREVER, ending) is None
    assert masked_until(FOREVER, ending) is None
    assert not FOREVER.is_on
