"""Routes in the example town, what is missing in a town, disputed pairs."""

from dataclasses import replace
from datetime import date

import pytest

from central.routing.bands import read_bands
from central.routing.checks import problems
from central.routing.codes import Code, Codes
from central.routing.disputes import Returned, disputed_pairs
from central.routing.grids import Atlas
from central.routing.parties import Org, Place
from central.routing.town import NoRule, Town
from tests.central.clocks import CN, at
from tests.central.town import EXAMPLE_TOWN, NOW, rule, square

ROUTES = [
    # an estate: the property company first, the committee assists, the district hears of it
    ("FL-0317", "fire_lane", "occupied", "2026-11-24 22:03", "FL01-estate", "property-jinyuan",
     ("committee-jinyuan",), ("district-west",)),
    ("FL-0317", "fire_lane", "blocked", "2026-11-24 22:03", "FL02-estate", "property-jinyuan",
     ("committee-jinyuan", "fire"), ("district-west",)),
    # a street: the district's force in working hours, enforcement otherwise
    ("FL-0402", "fire_lane", "occupied", "2026-11-24 10:00", "FL01-street-work", "district-west",
     ("enforcement",), ("committee-jinyuan",)),
    ("FL-0402", "fire_lane", "occupied", "2026-11-24 20:00", "FL01-street-off", "enforcement",
     (), ("district-west", "committee-jinyuan")),
    ("FL-0402", "fire_lane", "occupied", "2026-10-10 10:00", "FL01-street-work", "district-west",
     ("enforcement",), ("committee-jinyuan",)),
    ("FL-0402", "fire_lane", "occupied", "2026-10-05 10:00", "FL01-street-off", "enforcement",
     (), ("district-west", "committee-jinyuan")),
    # the countryside: the village day and night
    ("FL-0733", "fire_lane", "occupied", "2026-11-24 03:00", "FL01-rural", "committee-tangkou",
     (), ("district-south",)),
    # a square: the committee leads, police hear of it but do not lead
    ("SQ-02", "square_dance", "over_limit", "2026-11-24 19:30", "SQ01", "committee-jinyuan",
     ("culture-sports",), ("police", "district-west")),
    # a sports ground: its manager by day, the committee when the manager is off duty
    ("SG-01", "facility", "any", "2026-11-24 20:00", "PF03", "culture-sports",
     ("committee-jinyuan",), ("district-west",)),
    ("SG-01", "facility", "any", "2026-11-24 22:00", "PF03", "committee-jinyuan",
     (), ("district-west",)),
]  # fmt: skip


@pytest.mark.parametrize("expected", ROUTES, ids=lambda row: f"{row[0]}-{row[2]}-{row[3]}")
def test_routes(
    expected: tuple[str, str, str, str, str, str, tuple[str, ...], tuple[str, ...]],
) -> None:
    place, scene, severity, moment, rule_id, lead, assist, inform = expected
    route = EXAMPLE_TOWN.route(place, scene, severity, at(moment))
    assert (route.rule_id, route.lead, route.assist, route.inform) == (
        rule_id,
        lead,
        assist,
        inform,
    )
    assert route.flags == ()
    assert route.grid_version == 1


def test_an_unknown_place_goes_to_somebody_with_a_flag() -> None:
    route = EXAMPLE_TOWN.route("FL-9999", "fire_lane", "occupied", at("2026-11-24 10:00"))
    assert (route.lead, route.grid, route.flags) == ("enforcement", "", ("unknown_place",))
    noise = EXAMPLE_TOWN.route("SQ-99", "square_dance", "over_limit", NOW)
    assert (noise.lead, noise.flags) == ("city-desk", ("no_lead", "unknown_place"))


def test_nobody_on_duty_goes_to_the_desk() -> None:
    asleep = {
        key: replace(org, duty=read_bands("08:00-09:00")) if org.kind != "desk" else org
        for key, org in EXAMPLE_TOWN.orgs.items()
    }
    town = replace(EXAMPLE_TOWN, orgs=asleep)
    route = town.route("FL-0317", "fire_lane", "occupied", NOW)
    assert (route.lead, route.flags) == ("city-desk", ("nobody_on_duty",))


def test_a_place_outside_of_all_grids_is_flagged() -> None:
    lost = Place("X", "X", ("fire_lane",), (121.6, 31.2))
    town = replace(EXAMPLE_TOWN, places={"X": lost})
    route = town.route("X", "fire_lane", "occupied", NOW)
    assert (route.lead, route.grid, route.flags) == ("enforcement", "", ("no_grid",))


def test_without_a_rule_there_is_no_route() -> None:
    with pytest.raises(NoRule, match="flood"):
        EXAMPLE_TOWN.route("FL-0317", "flood", "high", NOW)


def test_people_of_an_organisation() -> None:
    assert [p.id for p in EXAMPLE_TOWN.members("city-desk")] == ["P-001", "P-002", "P-003", "P-011"]
    assert [p.id for p in EXAMPLE_TOWN.members("city-desk", "verifier")] == ["P-003", "P-011"]


def whats(town: Town, fatal: bool = True) -> str:
    return "\n".join(one.what for one in problems(town, NOW) if one.fatal is fatal)


def test_the_example_town_is_sound() -> None:
    assert whats(EXAMPLE_TOWN) == ""
    assert "2027 is estimated" in whats(EXAMPLE_TOWN, fatal=False)


def with_codes(*rows: tuple[str, str, str]) -> Town:
    codes = tuple(Code(id_, id_, "", scene, severity) for id_, scene, severity in rows)
    return replace(EXAMPLE_TOWN, codes=Codes(codes))


def test_scenes_that_would_leave_without_a_code_are_advice() -> None:
    assert "codes" not in whats(EXAMPLE_TOWN, fatal=False)
    none = whats(with_codes(), fatal=False)
    assert none.count("codes: none") == 1
    assert "jinmu-central import codes" in none
    some = with_codes(
        ("FL01", "fire_lane", "occupied"), ("SQ01", "square_dance", "*"), ("DV01", "device", "*")
    )
    said = [line for line in whats(some, fatal=False).splitlines() if line.startswith("codes")]
    assert [line.partition(":")[2].partition(":")[0] for line in said] == [
        " none for scene fire_lane, severity blocked",
        " none for scene facility, severity intrusion",
    ]


def test_two_codes_for_the_same_stop_no_server() -> None:
    town = with_codes(("FL02", "fire_lane", "*"), ("FL01", "fire_lane", "*"))
    assert "FL01 and FL02 are both for scene fire_lane, severity *" in whats(town, fatal=False)
    assert whats(town) == ""


def test_an_hour_without_a_rule_is_found() -> None:
    gone = ("FL01-street-off", "FL-other")
    town = replace(EXAMPLE_TOWN, rules=tuple(r for r in EXAMPLE_TOWN.rules if r.id not in gone))
    assert "severity occupied, area street at" in whats(town)
    assert "severity blocked" not in whats(town)


def test_an_hour_that_only_a_weekend_has_is_found() -> None:
    rules = tuple(r for r in EXAMPLE_TOWN.rules if r.id not in ("FL01-street-off", "FL-other"))
    week = rule("weekdays", "occupied", "street", "mon-fri 00:00-24:00")
    town = replace(EXAMPLE_TOWN, rules=(*rules, week))
    assert "area street at Sat 00:" in whats(town)


def test_a_rule_that_will_end_is_no_rule_for_ever() -> None:
    ends = tuple(
        replace(r, valid_to=date(2026, 11, 26)) if r.scene == "facility" else r
        for r in EXAMPLE_TOWN.rules
    )
    assert "facility, severity *" in whats(replace(EXAMPLE_TOWN, rules=ends))


def test_a_town_without_a_desk_is_not_sound() -> None:
    orgs = {k: v for k, v in EXAMPLE_TOWN.orgs.items() if v.kind != "desk"}
    assert "there is no desk" in whats(replace(EXAMPLE_TOWN, orgs=orgs, people=()))


def test_names_that_lead_nowhere_are_found() -> None:
    lane = EXAMPLE_TOWN.places["FL-0317"]
    broken = replace(lane, property="nobody", declared_grid="nowhere")
    town = replace(EXAMPLE_TOWN, places={"FL-0317": broken})
    assert "FL-0317 names nobody, which is no organisation" in whats(town)
    assert "FL-0317 names nowhere, which is no grid" in whats(town)


def test_places_that_need_a_look_are_advice() -> None:
    lane = EXAMPLE_TOWN.places["FL-0317"]
    border = replace(lane, id="B", point=(121.4985, 31.0782), declared_grid="")
    lost = replace(lane, id="L", point=(121.6, 31.2), declared_grid="")
    square_ = replace(
        EXAMPLE_TOWN.places["SQ-02"], id="S", point=(121.6, 31.2), owner="", declared_grid=""
    )
    town = replace(EXAMPLE_TOWN, places={"B": border, "L": lost, "S": square_})
    advice = whats(town, fatal=False)
    assert "B lies on a border" in advice
    assert "L lies in no grid" in advice
    assert "S: rule SQ01 names nobody who is there" in advice


def test_grids_that_overlap_are_advice() -> None:
    over = replace(EXAMPLE_TOWN, atlas=Atlas((square("A", 0), square("B", 40), square("C", 140))))
    assert "grids: A and B overlap: draw them apart" in whats(over, fatal=False)
    assert "C overlap" not in whats(over, fatal=False)


def test_disputed_pairs_are_counted_by_case() -> None:
    def one(case: str, scene: str, grid: str, by: str, proposed: str) -> Returned:
        return Returned(case, NOW, scene, grid, by, proposed)

    returns = [
        one("1", "fire_lane", "G1", "police", "enforcement"),
        one("1", "fire_lane", "G1", "enforcement", "police"),
        one("2", "fire_lane", "G1", "police", "enforcement"),
        one("3", "square_dance", "G1", "police", ""),
        one("4", "fire_lane", "G2", "police", "enforcement"),
        one("4", "fire_lane", "G2", "police", "enforcement"),
    ]
    (pair,) = disputed_pairs(returns, {("fire_lane", "G1"): 8})
    assert (pair.scene, pair.grid, pair.cases, pair.returns, pair.share) == (
        "fire_lane", "G1", 2, 3, 0.25,
    )  # fmt: skip
    assert pair.proposals == (("police", "enforcement", 2), ("enforcement", "police", 1))
    everything = disputed_pairs(returns, {}, least_cases=1)
    assert [(p.scene, p.grid) for p in everything] == [
        ("fire_lane", "G1"), ("fire_lane", "G2"), ("square_dance", "G1"),
    ]  # fmt: skip


def test_an_organisation_without_duty_hours_is_always_there() -> None:
    assert Org("x", "x", "police").on_duty(NOW, CN)
