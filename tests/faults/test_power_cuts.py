"""Power cuts at 600 moments: what was promised is there. Without a safeguard it is not."""

import pytest

from tests.powercut import CENTRAL, OUTBOX, Subject, run_cuts

SUBJECTS = pytest.mark.parametrize("subject", [OUTBOX, CENTRAL], ids=["outbox", "central"])


@SUBJECTS
def test_what_was_promised_survives_every_power_cut(subject: Subject) -> None:
    outcome = run_cuts(subject, cuts=300, seed=1)
    if outcome is None:
        pytest.skip("no C compiler (Debian: gcc)")
    assert outcome.promised > subject.count
    assert (outcome.cuts, outcome.lost) == (300, [])


@SUBJECTS
@pytest.mark.parametrize("mutation", ["normal", "folder", "rename", "early"])
def test_without_a_safeguard_something_is_lost(subject: Subject, mutation: str) -> None:
    outcome = run_cuts(subject, cuts=80, seed=2, mutation=mutation)
    if outcome is None:
        pytest.skip("no C compiler (Debian: gcc)")
    assert outcome.lost
