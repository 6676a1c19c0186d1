"""Uploads evidence pictures to central; an event never waits for this."""

import random
import ssl
import threading
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import httpx
import structlog

from edge.backoff import Backoff
from edge.changes import Changes
from edge.clock import Clock
from edge.crash import crash_point
from edge.evidence import EvidenceStore
from edge.outbox import Outbox, OutboxError, Picture
from edge.request_signing import Credentials, Signature, Token
from edge.signing import Signer
from edge.worker import Worker

log = structlog.get_logger()

TIMEOUT = httpx.Timeout(10.0, connect=5.0, read=30.0, write=30.0)
DONE = frozenset({200, 201, 204})
# About the picture itself, so the same answer would come for ever. Every other answer (404 of a
# proxy, 401 of a token not yet known, 429, 5xx) may be different tomorrow.
NEVER = frozenset({400, 411, 413, 415, 422})
JPEG = {"Content-Type": "image/jpeg"}
TURN_S = 1.0
STUCK_AFTER_S = 300.0
KEEP = timedelta(days=30)
PRUNE_EVERY_S = 3600.0


class _NotNow(Exception):
    """Central did not take the picture this time; the text holds no credentials."""


class _NoAnswer(_NotNow):
    """Nobody answered, so it was not because of this picture."""


@dataclass(slots=True)
class _Later:
    """When a picture that was not taken is tried again."""

    backoff: Backoff
    next_ts: float = 0.0


@dataclass(frozen=True, slots=True)
class UploaderSettings:
    """Where central is and how the box identifies itself; `keep` is how long filed things stay.

    With a `signer` requests are signed and the token is not used.
    """

    url: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
    signer: Signer | None = None
    ca_file: Path | None = None
    keep: timedelta = KEEP


class Uploader:
    """A thread that puts every pending picture to `{url}/api/v1/evidence/{sha256}`.

    Newest event's pictures first. What central refuses for good is quarantined with the reason,
    everything else is tried for ever; one log line per change. It also forgets filed events and
    uploaded pictures after `settings.keep`. Raises ValueError, without the token, for a bad token.
    """

    def __init__(
        self, settings: UploaderSettings, outbox: Outbox, store: EvidenceStore, clock: Clock
    ) -> None:
        self._settings = settings
        self._credentials = _credentials(settings)
        self._outbox = outbox
        self._store = store
        self._clock = clock
        self._changes = Changes()
        self._backoff = Backoff(random.random)
        self._later: dict[str, _Later] = {}
        self._beat_ts = self._prune_ts = clock.ts()
        self._bell = threading.Event()
        self._worker = Worker("uploader", self._run)
        outbox.listen(self._bell.set)

    def start(self) -> None:
        """Start the thread; central need not be there."""
        self._worker.start()

    def stop(self, limit_s: float = 5.0) -> bool:
        """End; False when the thread hangs in the network."""
        return self._worker.stop(limit_s)

    def healthy(self, now_ts: float) -> bool:
        """Whether the thread runs and has turned lately, for the program's watchdog."""
        return self._worker.is_alive() and now_ts - self._beat_ts < STUCK_AFTER_S

    def _run(self, stop: threading.Event) -> None:
        with self._client() as client:
            while not stop.is_set():
                self._beat_ts = self._clock.ts()
                self._bell.clear()
                try:
                    idle = self._turn(client)
                except OutboxError as error:
                    self._changes.note("outbox_unusable", True, reason=str(error))
                    stop.wait(self._backoff.next_s())
                except _NotNow as answer:
                    self._changes.note("evidence_not_taken", True, reason=str(answer))
                    stop.wait(self._backoff.next_s())
                else:
                    if idle:
                        self._bell.wait(TURN_S)

    def _turn(self, client: httpx.Client) -> bool:
        """Upload one picture; whether there was none to upload now."""
        now_ts = self._clock.ts()
        self._prune(now_ts)
        picture = self._next(now_ts)
        if picture is None:
            self._changes.note("outbox_unusable", False)
            return True
        try:
            self._upload(client, picture.sha256)
        except _NoAnswer:
            raise
        except _NotNow:
            later = self._later.setdefault(picture.sha256, _Later(Backoff(random.random)))
            later.next_ts = now_ts + later.backoff.next_s()
            raise
        self._changes.note("outbox_unusable", False)
        self._later.pop(picture.sha256, None)
        return False

    def _next(self, now_ts: float) -> Picture | None:
        """The newest picture that never failed, else one that failed and whose time has come."""
        pictures = self._outbox.pictures_to_upload(len(self._later) + 1)
        fresh = [picture for picture in pictures if picture.sha256 not in self._later]
        if fresh:
            return fresh[0]
        again = [one for one in pictures if self._later[one.sha256].next_ts <= now_ts]
        return again[0] if again else None

    def _upload(self, client: httpx.Client, sha256: str) -> None:
        """Settle one picture, or raise _NotNow."""
        jpeg = self._store.get(sha256)
        if jpeg is None:
            self._quarantine(sha256, "its file is gone")
            return
        crash_point("upload.before_put")
        try:
            path = f"/api/v1/evidence/{sha256}"
            headers = JPEG | self._credentials.headers("PUT", path, sha256, self._clock.wall())
            answer = client.put(path, content=jpeg, headers=headers)
        except httpx.TransportError as error:
            raise _NoAnswer(type(error).__name__) from None
        crash_point("upload.after_put")
        if answer.status_code in DONE:
            self._outbox.uploaded(sha256)
        elif answer.status_code in NEVER:
            self._quarantine(sha256, f"HTTP {answer.status_code}: {answer.text[:200]}")
        else:
            self._credentials.refused(answer, self._clock.wall())
            raise _NotNow(f"HTTP {answer.status_code}")
        self._backoff.reset()
        self._changes.note("evidence_not_taken", False)

    def _quarantine(self, sha256: str, reason: str) -> None:
        self._outbox.quarantine_picture(sha256, reason)
        log.error("picture_quarantined", sha256=sha256, reason=reason)

    def _prune(self, now_ts: float) -> None:
        if now_ts < self._prune_ts:
            return
        self._prune_ts = now_ts + PRUNE_EVERY_S
        for sha256 in self._outbox.prune(self._clock.wall() - self._settings.keep):
            self._store.remove(sha256)

    def _client(self) -> httpx.Client:
        ca_file = self._settings.ca_file
        verify = True if ca_file is None else ssl.create_default_context(cafile=ca_file)
        # No proxies from the environment: pictures go to the central that was named.
        return httpx.Client(
            base_url=self._settings.url, timeout=TIMEOUT, verify=verify, trust_env=False
        )


def _credentials(settings: UploaderSettings) -> Credentials:
    return Token(settings.token) if settings.signer is None else Signature(settings.signer)
