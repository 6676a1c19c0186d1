"""What was decided goes to the disk: pictures first, then the events and the state after them."""

import random
import threading
from collections.abc import Mapping, Sequence

import structlog

from edge.backoff import Backoff
from edge.disk import DiskGuard
from edge.events import DeviceEvent, EvidenceRef, IncidentEvent
from edge.evidence import EvidenceStore
from edge.outbox import Outbox, OutboxError
from edge.telling import Picture, Told

log = structlog.get_logger()

OF_SOUND = ("mic_dead", "mic_clipping", "calibration_expired")


class OutboxSink:
    """Keeps everything that was decided, and does not return before it is kept.

    A picture that cannot be written is left out of its event and counted: the alert matters more.
    Events are tried again for ever; meanwhile no frame is looked at, and drops are counted there.
    """

    def __init__(
        self,
        outbox: Outbox,
        evidence: EvidenceStore,
        stop: threading.Event,
        guard: DiskGuard | None = None,
    ) -> None:
        """`guard` decides which pictures a full disk still takes; without one, all it can hold."""
        self._outbox = outbox
        self._evidence = evidence
        self._stop = stop
        self._guard = guard
        self._shedding = False
        self.pictures_shed = 0

    def put(self, told: Sequence[Told], state: Mapping[str, bytes]) -> None:
        """Raises OutboxError when the box is stopped before the disk took it; the caller then
        must not count it as told."""
        items = [self._with_kept(item) for item in told]
        backoff = Backoff(random.random)
        failed = False
        while True:
            try:
                self._outbox.put_all(items, state)
                break
            except OutboxError as error:
                if not failed:
                    log.error("outbox_not_writable", reason=str(error))
                failed = True
                if self._stop.wait(backoff.next_s()):
                    raise
        if failed:
            log.info("outbox_writable_again")
        self._log(told)

    def _with_kept(self, told: Told) -> tuple[IncidentEvent | DeviceEvent, Sequence[EvidenceRef]]:
        """The event with those of its pictures that are on the disk by now."""
        if isinstance(told.event, DeviceEvent):
            return told.event, ()
        kept = [picture.ref for picture in told.pictures if self._kept(picture)]
        data = told.event.data.model_copy(update={"evidence": kept})
        return told.event.model_copy(update={"data": data}), kept

    def _kept(self, picture: Picture) -> bool:
        role = picture.ref.role
        try:
            taken = self._guard is None or self._guard.admits(len(picture.jpeg), role)
            reason = "the disk is low"
            if taken:
                self._evidence.put(picture.jpeg)
        except (OSError, OutboxError) as error:
            taken, reason = False, str(error)
            if self._guard is not None:
                self._guard.left_out(role)
        self.pictures_shed += not taken
        if self._shedding is taken:  # once per change, not per picture
            self._shedding = not taken
            (log.error if self._shedding else log.info)(
                "pictures_shed" if self._shedding else "pictures_kept_again",
                role=role,
                total=self.pictures_shed,
                reason=reason if self._shedding else "",
            )
        return taken

    def _log(self, told: Sequence[Told]) -> None:
        for item in told:
            match item.event:
                case IncidentEvent(data=data):
                    log.info(
                        "incident",
                        stage=data.stage,
                        mode=data.mode,
                        severity=data.severity,
                        place=item.event.subject,
                        stream=item.event.stream,
                        dwell_s=data.dwell_s,
                        incident_id=data.incident_id,
                    )
                case DeviceEvent(data=data):
                    what = "camera" if data.condition not in OF_SOUND else "sound"
                    log.warning(
                        f"{what}_{data.state}",
                        condition=data.condition,
                        stream=item.event.stream,
                        detail=data.detail,
                    )
