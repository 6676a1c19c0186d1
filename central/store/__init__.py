"""SQL only, no rules: every function takes a session and, where it writes, the moment."""

from central.audit import Broken, Head, Noted
from central.store.acks import PendingAck, drop_acks, pending_acks
from central.store.appealing import (
    any_contact_overdue,
    tell_contact_overdue,
    tell_of_appeal,
)
from central.store.audit import audit_head, list_audit, note, note_act, sign, verify_audit
from central.store.box_types import Box, DeviceCondition, Gap, Quarantined
from central.store.boxes import get_box, list_boxes, save_state
from central.store.cameras import Camera, list_cameras, set_camera_mode
from central.store.cases import (
    act,
    cases_by_no,
    count_newer,
    get_case,
    list_cases,
    neighbours,
)
from central.store.changes import (
    Change,
    changes_after,
    changes_between,
    newest_change,
    read_feed,
    record_change,
)
from central.store.devices import devices_wait, watch_devices
from central.store.dismissing import Dismissed, dismiss, is_appeal, keep_apart, restore
from central.store.enrolment import (
    Enrolled,
    Holder,
    add_certificate,
    add_key,
    any_enrolled,
    certificate_name,
    find_key,
    list_enrolled,
    list_holders,
    newest_certificate,
    revoke_box,
    revoke_certificates,
    revoked_certificates,
    standing,
)
from central.store.entering import (
    CaseThere,
    Known,
    NewCase,
    enter_case,
    places_known,
    places_near,
    point_of_place,
)
from central.store.figures import figures
from central.store.hearing import samples_of
from central.store.hotspots import LEAST as HOT_LEAST
from central.store.hotspots import WITHIN as HOT_WITHIN
from central.store.hotspots import Hotspot, hotspots
from central.store.ledgers import Request, count_missing, lock_boxes, mend_ledgers
from central.store.lists import (
    count_cases,
    count_matching,
    fold_tally,
    tally_is_long,
    tally_of_cases,
)
from central.store.merge import Verdict, merge, refuse
from central.store.nearby import lock_places
from central.store.opening import open_rate
from central.store.photos import add_photo
from central.store.pictures import (
    NewEvidence,
    add_evidence,
    has_evidence,
    is_referenced,
)
from central.store.quarantine import count_quarantine, list_quarantine
from central.store.retry import Again, NotRetryable, retry_quarantined
from central.store.routes import (
    contact_due_of,
    grids_of,
    listed_hearers,
    numbers_of,
    orgs_of,
)
from central.store.seals import ChainFault, ChainReport, check_chains
from central.store.settling import any_to_settle, settle_cases
from central.store.shadowing import Shadowed, count_shadowed, judge_shadowed, list_shadowed
from central.store.sight import NotFound, is_limited, seen_appeals, seen_cases, seen_messages
from central.store.suggesting import (
    Deed,
    Suggestion,
    Suggestions,
    case_at,
    merging_of,
    suggestions_of_appeal,
    suggestions_of_case,
)
from central.store.ticking import due_cases, fire, next_due
from central.store.timeline import get_incident, list_incidents, timeline_of
from central.store.transitions import check_logs
from central.store.types import (
    ActionRequest,
    Case,
    CaseCounts,
    CaseDetail,
    CaseFilter,
    CasePage,
    EvidenceItem,
    Incident,
    LogEntry,
    Page,
    Person,
    TimelineEvent,
)

__all__ = [
    "HOT_LEAST",
    "HOT_WITHIN",
    "ActionRequest",
    "Again",
    "Box",
    "Broken",
    "Camera",
    "Case",
    "CaseCounts",
    "CaseDetail",
    "CaseFilter",
    "CasePage",
    "CaseThere",
    "ChainFault",
    "ChainReport",
    "Change",
    "Deed",
    "DeviceCondition",
    "Dismissed",
    "Enrolled",
    "EvidenceItem",
    "Gap",
    "Head",
    "Holder",
    "Hotspot",
    "Incident",
    "Known",
    "LogEntry",
    "NewCase",
    "NewEvidence",
    "NotFound",
    "NotRetryable",
    "Noted",
    "Page",
    "PendingAck",
    "Person",
    "Quarantined",
    "Request",
    "Shadowed",
    "Suggestion",
    "Suggestions",
    "TimelineEvent",
    "Verdict",
    "act",
    "add_certificate",
    "add_evidence",
    "add_key",
    "add_photo",
    "any_contact_overdue",
    "any_enrolled",
    "any_to_settle",
    "audit_head",
    "case_at",
    "cases_by_no",
    "certificate_name",
    "changes_after",
    "changes_between",
    "check_chains",
    "check_logs",
    "contact_due_of",
    "count_cases",
    "count_matching",
    "count_missing",
    "count_newer",
    "count_quarantine",
    "count_shadowed",
    "devices_wait",
    "dismiss",
    "drop_acks",
    "due_cases",
    "enter_case",
    "figures",
    "find_key",
    "fire",
    "fold_tally",
    "get_box",
    "get_case",
    "get_incident",
    "grids_of",
    "has_evidence",
    "hotspots",
    "is_appeal",
    "is_limited",
    "is_referenced",
    "judge_shadowed",
    "keep_apart",
    "list_audit",
    "list_boxes",
    "list_cameras",
    "list_cases",
    "list_enrolled",
    "list_holders",
    "list_incidents",
    "list_quarantine",
    "list_shadowed",
    "listed_hearers",
    "lock_boxes",
    "lock_places",
    "mend_ledgers",
    "merge",
    "merging_of",
    "neighbours",
    "newest_certificate",
    "newest_change",
    "next_due",
    "note",
    "note_act",
    "numbers_of",
    "open_rate",
    "orgs_of",
    "pending_acks",
    "places_known",
    "places_near",
    "point_of_place",
    "read_feed",
    "record_change",
    "refuse",
    "restore",
    "retry_quarantined",
    "revoke_box",
    "revoke_certificates",
    "revoked_certificates",
    "samples_of",
    "save_state",
    "seen_appeals",
    "seen_cases",
    "seen_messages",
    "set_camera_mode",
    "settle_cases",
    "sign",
    "standing",
    "suggestions_of_appeal",
    "suggestions_of_case",
    "tally_is_long",
    "tally_of_cases",
    "tell_contact_overdue",
    "tell_of_appeal",
    "timeline_of",
    "verify_audit",
    "watch_devices",
]
