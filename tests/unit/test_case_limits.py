"""What boxes can say of a place has limits, a rank and words of its own."""

import pytest

from central.cases.limits import DEFAULTS, mildest, rank_of
from central.routing.checks import SEVERITIES as SAID
from central.tell.about import SEVERITIES as WORDS

CELLS = [(scene, one) for scene, found in SAID.items() for one in found if one != "*"]


@pytest.mark.parametrize(("scene", "severity"), CELLS)
def test_a_severity_that_files_is_known_everywhere(scene: str, severity: str) -> None:
    assert (scene, severity) in DEFAULTS
    assert rank_of(severity) >= 1
    assert severity in WORDS


def test_a_step_before_filing_never_outranks_what_files() -> None:
    steps = ("reminded", "dissuaded", "rechecking", "heeded", "over")
    assert max(map(rank_of, steps)) < rank_of(mildest("square_dance"))
