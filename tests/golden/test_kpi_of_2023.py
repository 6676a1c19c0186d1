"""The five rates of the centre's own report of 2023 (study §0): two are exact, three only come out
with the right denominator, exclusions or weights. The naive formulas must fail."""

from datetime import timedelta
from fractions import Fraction

from central.kpi.entry import Appeal, Case
from central.kpi.report import Report, report
from central.kpi.rules import Period, Population, Rules, Scope
from tests.central.logs import T0, appeal, case, log, minute

MONTH = Period(T0 - timedelta(days=1), T0 + timedelta(days=29))
SCOPE = Scope(MONTH, MONTH.end, Rules(), Population("2023-q3"))


def percent(numerator: int, denominator: int) -> str:
    return f"{float(Fraction(numerator, denominator) * 100):.2f}"


def made(cases: list[Case] | None = None, appeals: list[Appeal] | None = None) -> Report:
    return report(cases or [], appeals or [], SCOPE)


def test_solved_72_59() -> None:
    answers = [appeal(n, outcome="unsolved" if n < 165 else "solved") for n in range(602)]
    solved = made(appeals=answers).rate("solved")
    assert (solved.value, solved.numerator, solved.denominator) == ("72.59", 437, 602)
    assert solved.scope.population.name == "sampled:2023-q3"


def test_police_cases_finished_98_97() -> None:
    done = ("0 file", "1 dispatch", "3 accept", "20 handle", "25 verify")
    cases = [case(f"NP-{n:03d}", *(done if n < 959 else done[:2])) for n in range(969)]
    finished = made(cases).rate("finished")
    assert (finished.value, finished.numerator, finished.denominator) == ("98.97", 959, 969)


def test_contact_96_59_only_with_the_exclusions() -> None:
    """607 were asked, 20 of them cannot be contacted, 20 were not: 567/587, not 587/607."""
    anonymous = [appeal(n, not_contacted="anonymous") for n in range(20)]
    missed = [appeal(n, not_contacted="no_answer") for n in range(20, 40)]
    reached = [appeal(n, contacted_after=60) for n in range(40, 607)]
    contact = made(appeals=[*anonymous, *missed, *reached]).rate("contact")
    assert percent(587, 607) == "96.71"
    assert (contact.value, contact.numerator, contact.denominator) == ("96.59", 567, 587)
    assert contact.exclusions == (("anonymous", 20),)


def test_satisfied_64_12_only_with_graded_weights() -> None:
    """616 were asked, 197 of them dissatisfied: 419/616 is 68.02, the weights make it 64.12."""
    grades = ["satisfied"] * 299 + ["basically"] * 120 + ["dissatisfied"] * 197
    asked = [appeal(n, satisfaction=grade) for n, grade in enumerate(grades)]  # type: ignore[arg-type]
    satisfied = made(appeals=asked).rate("satisfied")
    assert percent(616 - 197, 616) == "68.02"
    assert (satisfied.value, satisfied.numerator, satisfied.denominator) == ("64.12", 395, 616)
    assert dict(satisfied.weights)["basically"] == Fraction(4, 5)
    assert satisfied.plain()["weights"]["basically"] == "0.8"


def many(prefix: str, count: int, *rows: str) -> list[Case]:
    """So many cases with the same log."""
    entries = log(prefix, *rows)
    return [Case(f"{prefix}-{n:05d}", "patrol", entries) for n in range(count)]


def test_patrol_97_7_is_the_share_filed_and_not_the_share_finished() -> None:
    """33,697 reports, 32,930 filed, 32,809 of those finished: 97.72 is called 办结率 there."""
    filed = ("0 queue", "1 confirm to=filed")
    found = made(
        [
            *many("R", 33_697 - 32_930, "0 queue", "1 reject"),
            *many("O", 32_930 - 32_809, *filed),
            *many("D", 32_809, *filed, "2 accept", "9 handle", "9 verify"),
        ]
    )
    filing, finished = found.rate("filing"), found.rate("finished")
    assert (filing.numerator, filing.denominator, filing.value) == (32_930, 33_697, "97.72")
    assert (finished.numerator, finished.denominator, finished.value) == (32_809, 32_930, "99.63")


def test_sixty_six_red_lights_beside_everything_on_time() -> None:
    """66 of 5,715 are red (1.15 %) and all of them on time: one clock cannot say both."""
    begin = ("0 file", "1 dispatch", "2 accept")
    fine = many("F", 5_715 - 66, *begin, "20 handle", "21 verify")
    late_inside = many("L", 66, *begin, "60 handle", "61 verify")
    found = made([*fine, *late_inside])
    assert found.rate("on_time").value == "100.00"
    red = found.rate("red")
    assert (red.numerator, red.denominator, red.value) == (66, 5_715, "1.15")


def test_twenty_six_that_nobody_accepted_are_not_finished() -> None:
    """The old system counts 371 of 371 integrated-command cases as done; 26 were only archived."""
    done = ("0 file", "1 dispatch", "2 accept", "20 handle", "21 verify")
    dead = ("0 file", "1 dispatch", "5 escalate", "60 escalate", "90 archive")
    cases = [case(f"C-{n:03d}", *(dead if n < 26 else done)) for n in range(371)]
    found = made(cases)
    naive = sum(1 for one in cases if one.entries[-1].to_state in ("closed", "archived_unaccepted"))
    assert percent(naive, 371) == "100.00"
    assert found.rate("finished").value == percent(345, 371) == "92.99"
    assert found.rate("on_time").value == percent(345, 371)
    unaccepted = found.rate("unaccepted")
    assert (unaccepted.numerator, unaccepted.denominator) == (26, 371)


def test_the_night_of_the_worked_example() -> None:
    """§14a: red inside, on time outside, reopened within the half hour, the total goes on."""
    night = case(
        "MH-PJ-FL01-20261124-0007",
        "0 file by=system",
        "0 dispatch by=system",
        "5 escalate by=system",
        "9.5 severity by=system due=69.5/24.5",
        "10.83 accept",
        "28.33 cleared by=system",
        "29.83 handle",
        "30.33 verify by=system",
        "48.83 reopen by=system due=69.5/63.83",
        began_at=minute(-5),
    )
    before = Scope(MONTH, minute(48), Rules())
    found = report([night], [], before)
    assert found.rate("on_time").value == "100.00"
    assert found.rate("red").plain()["counted"] == {"MH-PJ-FL01-20261124-0007#1": 1}
    assert found.rate("cleared_on_site").value == "100.00"
    assert found.rate("finished").value == "100.00"
    again = report([night], [], SCOPE)
    assert again.rate("on_time").value == "100.00"  # what stood when it was verified stays
    assert again.rate("finished").value == "0.00"  # it is open again
    assert again.rate("red").denominator == 2  # a stage of its own
    assert again.rate("red").numerator == 2  # and nobody came for it
