"""A case file from the store as a manifest."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from central import store
from central.cases.chain import Chained
from central.cases.judging import judgements
from central.cases.retention import FOREVER, Policy, masked_until, raw_until
from central.package.canonical import sealed
from central.package.incidents import incident_part
from central.package.shapes import (
    CasePart,
    DeadlinesPart,
    HoldPart,
    LogPart,
    Package,
    PhotoPart,
    PlacePart,
    PointPart,
    RetentionPart,
    ReviewPart,
    RulePart,
    ViewPart,
)

NO_GRID = "-"
"""How a log says that the place was in no grid."""


@dataclass(frozen=True, slots=True)
class Maker:
    """Who asks for a package, and when; `policy` says how long pictures are kept."""

    name: str
    at: datetime
    policy: Policy = FOREVER


def package_of(session: Session, found: store.CaseFile, maker: Maker) -> Package:
    """The sealed manifest of a case file, without files beside it."""
    rule = _rule(found.log)
    subjects = {found.case.case_no, *(item.sha256 for item in found.pictures)}
    subjects |= {photo.item.sha256 for photo in found.photos}
    views, total = store.views_of(session, subjects)
    package = Package(
        made_at=maker.at,
        made_by=maker.name,
        case=_case(found.case),
        place=_place(session, found, rule),
        rule=rule,
        incidents=tuple(incident_part(one, found.case) for one in found.occupations),
        photos=tuple(_photo(one) for one in found.photos),
        review=_review(found.log),
        log=tuple(_row(row, found.hidden) for row in found.log),
        log_head=found.log[-1].hash,
        views=tuple(_view(one) for one in views),
        views_total=total,
        retention=_retention(found, maker.policy),
    )
    return sealed(package)


def _case(case: store.Case) -> CasePart:
    due = case.deadlines
    return CasePart(
        case_no=case.case_no,
        scene=case.scene,
        event_code=case.event_code or None,
        district_code=case.district_code or None,
        district_name=case.district_name or None,
        severity=case.severity,
        state=case.state,
        close_reason=case.close_reason,
        void_reason=case.void_reason,
        lead=case.lead or None,
        occurred_at=case.since,
        filed_at=case.filed_at,
        cleared_at=case.cleared_at,
        ended_at=case.ended_at,
        deadlines=DeadlinesPart(
            official_at=due.official_at,
            internal_at=due.internal_at,
            accept_at=due.accept_at,
            verify_at=due.verify_at,
        ),
        merged_into=case.merged_into or None,
        reoffence_of=case.reoffence_of or None,
    )


def _place(session: Session, found: store.CaseFile, rule: RulePart | None) -> PlacePart:
    version = rule.grid_version if rule else None
    place, number = store.place_of_case(session, found.case.place, version)
    point = PointPart(longitude=place.point[0], latitude=place.point[1]) if place else None
    grids = found.log[0].entry.detail.grids
    return PlacePart(
        id=found.case.place,
        name=(place and place.name) or None,
        address=(place and place.address) or None,
        point=point,
        grids=tuple(grid for grid in grids if grid != NO_GRID),
        town_version=number or None,
    )


def _rule(log: tuple[Chained, ...]) -> RulePart | None:
    """The rule of the last dispatch by one: the log writes it as `id@version`."""
    for row in reversed(log):
        if row.entry.detail.rule:
            name, _, version = row.entry.detail.rule.rpartition("@")
            if not name:
                return RulePart(id=version, grid_version=None, log_row=row.number)
            return RulePart(id=name, grid_version=int(version), log_row=row.number)
    return None


def _retention(found: store.CaseFile, policy: Policy) -> RetentionPart:
    hold = found.hold
    return RetentionPart(
        raw_until=raw_until(policy, found.ending),
        masked_until=masked_until(policy, found.ending),
        legal_hold=HoldPart(reason=hold.reason, by=hold.by, at=hold.at) if hold else None,
    )


def _photo(one: store.Handed) -> PhotoPart:
    item = one.item
    return PhotoPart(
        sha256=item.sha256,
        bytes=item.bytes,
        at=item.taken_at,
        by=one.by,
        here=item.here,
        deleted_at=item.deleted_at,
    )


def _review(log: tuple[Chained, ...]) -> ReviewPart | None:
    for entry in reversed(judgements(row.entry for row in log)):
        if entry.action == "confirm" or entry.action == "reject":
            return ReviewPart(
                verdict=entry.action, by=entry.actor, at=entry.at, reason=entry.reason or None
            )
    return None


def _row(row: Chained, hidden: Iterable[str]) -> LogPart:
    entry = row.entry
    return LogPart(
        number=row.number,
        at=entry.at,
        actor=entry.actor,
        role=entry.role,
        action=entry.action,
        from_state=entry.from_state,
        to_state=entry.to_state,
        reason=entry.reason,
        detail=None if entry.detail.case_no in hidden else entry.detail.to_json(),
        deadlines=entry.deadlines.to_json(),
        previous=row.previous,
        hash=row.hash,
    )


def _view(one: store.View) -> ViewPart:
    variant = json.loads(one.detail).get("variant")
    return ViewPart(
        audit_row=one.number,
        at=one.at,
        actor=one.actor,
        action=one.action,
        subject=one.subject,
        variant=variant,
    )
