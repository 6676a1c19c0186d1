"""Shapes of appeals in the JSON API."""

from datetime import datetime

from central.api.schemas import Shape
from central.appeals.rules import Action, Kind, Status


class AppealOut(Shape):
    """An appeal; who appealed is only in the answer for one, and only for those who may act."""

    appeal_no: str
    kind: Kind
    service_code: str
    text: str
    address: str
    place: str
    lat: float | None
    lon: float | None
    case_no: str | None
    external_id: str | None
    has_contact: bool
    created_at: datetime
    updated_at: datetime
    contact_due_at: datetime
    contacted_at: datetime | None
    not_contacted: str | None
    reply: str
    replied_at: datetime | None
    outcome: str | None
    outcome_at: datetime | None
    satisfaction: str | None
    satisfaction_at: datetime | None
    sample: str | None
    status: Status
    allowed: list[Action]
    version: int


class AppealList(Shape):
    items: list[AppealOut]
    total: int
    page: int
    size: int


class ContactOut(Shape):
    name: str
    phone: str
    email: str


class StepOut(Shape):
    at: datetime
    actor: str
    action: str
    status: Status
    text: str
    sample: str


class AppealDetailOut(Shape):
    appeal: AppealOut
    contact: ContactOut | None
    log: list[StepOut]
