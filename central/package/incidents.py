"""The part of a manifest about an incident: its events, pictures, box and gaps. Pure."""

import base64
from collections.abc import Sequence

from central.package.shapes import (
    ClockPart,
    DevicePart,
    EventPart,
    GapPart,
    IncidentPart,
    ModelPart,
    PicturePart,
    SealPart,
)
from central.store import Case, EvidenceItem, Occupation, Sealed, Told
from edge.events import Model

MASKED = "_masked"
KINDS = (MASKED, "_original")


def incident_part(one: Occupation, case: Case) -> IncidentPart:
    """What is known of an incident of the case."""
    incident = one.incident
    is_first = incident.incident_id == case.incident_id
    return IncidentPart(
        incident_id=incident.incident_id,
        site=incident.site,
        box=incident.box,
        stream=incident.stream,
        stream_name=_name_of(one) or (case.stream_name if is_first else "") or None,
        place=incident.place,
        severity=incident.severity,
        stage=incident.stage,
        first_seen=incident.since,
        last_seen=incident.stage_at,
        dwell_s=incident.dwell_s,
        observed_s=incident.observed_s,
        already_there=one.already_there,
        restored=one.restored,
        device=_device(one),
        gaps=tuple(
            GapPart(epoch=of.epoch, first_seq=of.span[0], last_seq=of.span[1], missing=of.missing)
            for of in one.missing
        ),
        events=tuple(_event(of) for of in one.told),
        pictures=_pictures(one),
    )


def masked_of(item: EvidenceItem, all_of_it: Sequence[EvidenceItem]) -> EvidenceItem | None:
    """The masked copy of a picture among those of its incident, None when it names none."""
    role = f"{base_role(item.role)}{MASKED}"
    if item.role == role:
        return item
    same = (one for one in all_of_it if one.role == role)
    return min(
        same,
        key=lambda one: (abs((one.taken_at - item.taken_at).total_seconds()), one.sha256),
        default=None,
    )


def base_role(role: str) -> str:
    """The role without the mark of an original or a masked copy."""
    for kind in KINDS:
        role = role.removesuffix(kind)
    return role


def _name_of(one: Occupation) -> str:
    streams = one.device.streams if one.device else []
    return next((of.name for of in streams if of.id == one.incident.stream), "")


def _device(one: Occupation) -> DevicePart | None:
    state = one.device
    if state is None:
        return None
    return DevicePart(
        told_at=one.device_at,
        software_version=state.version or None,
        config_digest=state.config_digest or None,
        model=_model(state.model) if state.model else None,
    )


def _model(model: Model) -> ModelPart:
    return ModelPart(name=model.name, sha256=model.sha256)


def _event(one: Told) -> EventPart:
    event, data = one.event, one.event.data
    return EventPart(
        event_id=event.id,
        epoch=event.epoch,
        seq=event.seq,
        rev=data.rev,
        stage=data.stage,
        severity=data.severity,
        mode=data.mode,
        time=event.time,
        received_at=one.received_at,
        dwell_s=data.dwell_s,
        observed_s=data.observed_s,
        reason=data.reason or None,
        rule_digest=data.rule.digest,
        thresholds=data.rule.thresholds,
        model=_model(data.model),
        clock=ClockPart(synchronised=data.clock.synchronised, offset_ms=data.clock.offset_ms),
        measures=data.measures,
        body_sha256=one.body_sha256,
        seal=_seal(one.seal),
    )


def _seal(seal: Sealed | None) -> SealPart | None:
    if seal is None:
        return None
    return SealPart(
        key_id=seal.key_id,
        public_key=seal.public_key.hex() if seal.public_key else None,
        prev=seal.prev.hex(),
        link=seal.link.hex(),
        signature=base64.b64encode(seal.signature).decode(),
    )


def _pictures(one: Occupation) -> tuple[PicturePart, ...]:
    """Every picture once a role, as the newest event tells it."""
    named = {(item.sha256, item.role): item for of in one.told for item in of.pictures}
    items = tuple(named.values())
    return tuple(_picture(item, masked_of(item, items)) for item in items)


def _picture(item: EvidenceItem, masked: EvidenceItem | None) -> PicturePart:
    return PicturePart(
        sha256=item.sha256,
        role=item.role,
        rev=item.rev,
        bytes=item.bytes,
        taken_at=item.taken_at,
        here=item.here,
        deleted_at=item.deleted_at,
        masked_sha256=masked.sha256 if masked else None,
    )
