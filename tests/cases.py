"""Cases for tests of the core: standings made by moves, a clock that starts at a round minute."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from central.cases.limits import clock_of
from central.cases.moves import Move, Situation
from central.cases.standing import Detail, Sensor, Standing
from central.cases.states import Action, Role, State
from central.cases.workflow import Outcome, decide
from central.clocks.calendar_file import shipped

T0 = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
CLOCK = clock_of("fire_lane", shipped())
OCCUPIED = Sensor()
CLEAR = Sensor(occupied=False, cleared_at=T0)
ORG = Detail(org="物业", note="现场已清理", case_no="FL-20261124-0001", level=1)

Step = tuple[Action, Role]
WAYS: dict[State | None, tuple[Step, ...]] = {
    None: (),
    "pending_file": (("queue", "system"),),
    "filed": (("file", "system"),),
    "dispatched": (("file", "system"), ("dispatch", "system")),
    "accepted": (("file", "system"), ("dispatch", "system"), ("accept", "handler")),
    "returned": (("file", "system"), ("dispatch", "system"), ("return", "handler")),
    "suspended": (
        ("file", "system"),
        ("dispatch", "system"),
        ("accept", "handler"),
        ("ask_suspend", "handler"),
        ("suspend", "leader"),
    ),
    "handled": (
        ("file", "system"),
        ("dispatch", "system"),
        ("accept", "handler"),
        ("handle", "handler"),
    ),
    "closed": (("file", "system"), ("dispatch", "system"), ("self_clear", "system")),
    "void": (("file", "system"), ("void", "desk")),
    "merged": (("file", "system"), ("merge", "desk")),
    "archived_unaccepted": (("file", "system"), ("archive", "leader")),
}
"""How a case comes into each state, by the shortest way."""


def at(minutes: float) -> datetime:
    return T0 + timedelta(minutes=minutes)


def move(
    action: Action,
    role: Role = "desk",
    minutes: float = 0.0,
    *,
    actor: str = "",
    reason: str = "",
    detail: Detail = ORG,
    org: str = "",
    orgs: frozenset[str] = frozenset(),
) -> Move:
    """A move with all that any action could ask for, but a reason."""
    who = actor or role
    return Move(action, who, role, at(minutes), reason, detail, org, orgs=orgs)


def do(standing: Standing, wish: Move, sensor: Sensor = OCCUPIED) -> Outcome:
    return decide(Situation(standing, wish, sensor), CLOCK)


def after(steps: Iterable[Step], start: Standing | None = None) -> Standing:
    """A case after these steps, a minute apart, everybody saying what is asked for."""
    standing = start or Standing()
    for number, (action, role) in enumerate(steps):
        said = Detail(
            org="物业",
            note="现场已清理",
            case_no="FL-20261124-0001",
            until=at(number) + timedelta(days=3),
            level=standing.level + 1,
        )
        reason = {"void": "test", "reject": "wrong_object"}.get(action, "")
        wish = move(action, role, number, reason=reason, detail=said)
        standing = do(standing, wish, CLEAR if action == "self_clear" else OCCUPIED).standing
    return standing
