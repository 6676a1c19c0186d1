"""Puts the box together and runs it: readers → worker → outbox → publisher and uploader."""

import shutil
import threading
from collections.abc import Callable
from importlib.metadata import version

import structlog

from edge.clock import Clock, kernel_synchronised
from edge.config import Config, Stream
from edge.detector import OnnxDetector, SharedDetector, load_detector
from edge.errors import ModelError
from edge.events import BoxState, Model, StreamState
from edge.events import Clock as ClockFact
from edge.evidence import EvidenceStore
from edge.health import heartbeat_file
from edge.hearing import tagger_of
from edge.identity import BoxIdentity, load_identity
from edge.ids import uuid7
from edge.look import Looker
from edge.outbox import Outbox
from edge.publisher import Publisher, PublisherSettings
from edge.senses import Parts, Senses, Store, open_senses
from edge.sink import OutboxSink
from edge.telling import Facts
from edge.types import SCENE_KINDS
from edge.uploader import Uploader, UploaderSettings
from edge.worker import Worker

log = structlog.get_logger()

WATCH_EVERY_S = 5.0


def detector_of(config: Config) -> OnnxDetector:
    """The configured detector, verified and warm; raises ModelError."""
    chosen = config.detector
    if chosen.models_dir is None:
        raise ModelError("detector.models_dir: not known; load the configuration from a file")
    return load_detector(
        chosen.models_dir, chosen.model, chosen.providers, chosen.threads, SCENE_KINDS
    )


def facts_of(config: Config, detector: OnnxDetector, clock: Callable[[], ClockFact]) -> Facts:
    """What every event says of this box."""
    model = Model(name=detector.name, sha256=detector.sha256)
    return Facts(config.site, config.box, config.zone, model, clock)


def clock_fact() -> ClockFact:
    """What the kernel says of its clock now."""
    return ClockFact(synchronised=bool(kernel_synchronised()))


def run(config: Config, stop: threading.Event, clock: Clock) -> bool:
    """Run the box until `stop` is set; False when a part got stuck and a restart is needed.

    Raises ModelError before anything starts. Cameras, broker and central need not be there.
    """
    identity = identity_of(config)
    detector = detector_of(config)
    tagger = tagger_of(config) if any(stream.sound for stream in config.streams) else None
    store = _open_store(config, identity, stop)
    facts = facts_of(config, detector, clock_fact)
    senses = open_senses(config, Parts(facts, SharedDetector(detector), tagger, store, clock))
    looker = Looker(senses.watched, store.outbox, clock, heartbeat_file(config.data_dir))
    ears = [Worker(f"ear-{name}", ear.run) for name, ear in senses.listeners.items()]
    workers = [Worker("looker", looker.run), *ears, *senses.sources]
    reporter = _Reporter(config, facts.model, store, senses, clock)
    publisher, uploader = _senders(config, identity, store, clock, reporter)
    log.info("box_starts", site=config.site, box=config.box, streams=len(config.streams))
    publisher.start()
    uploader.start()
    for worker in workers:
        worker.start()
    for reader in senses.readers:
        reader.start()
    while not stop.wait(WATCH_EVERY_S):
        if not (publisher.healthy(clock.ts()) and uploader.healthy(clock.ts())):
            log.error("sender_stuck", publisher=publisher.healthy(clock.ts()))
            return False
    log.info("box_stops")
    for reader in senses.readers:
        reader.stop()
    for worker in reversed(workers):
        worker.stop()
    looker.checkpoint()
    for listener in senses.listeners.values():
        listener.checkpoint()
    uploader.stop()
    publisher.stop()
    store.outbox.close()
    return True


def identity_of(config: Config) -> BoxIdentity | None:
    """Who the box is, None for one that is not enrolled; raises ConfigError."""
    if config.identity is None:
        return None
    return load_identity(config.identity, config.site, config.box)


def _open_store(config: Config, identity: BoxIdentity | None, stop: threading.Event) -> Store:
    config.data_dir.mkdir(parents=True, exist_ok=True)
    outbox = Outbox(config.data_dir / "outbox.db", signer=identity.signer if identity else None)
    evidence = EvidenceStore(config.data_dir / "evidence")
    evidence.remove_orphans(outbox.known_pictures())
    return Store(outbox, evidence, OutboxSink(outbox, evidence, stop))


class _Reporter:
    """Says how the box is, for the retained state message."""

    def __init__(
        self,
        config: Config,
        model: Model,
        store: Store,
        senses: Senses,
        clock: Clock,
    ) -> None:
        self.boot_id = uuid7(clock.wall())
        self._config = config
        self._digest = config.digest()
        self._model = model
        self._store = store
        self._watched = senses.watched
        self._listeners = senses.listeners
        self._clock = clock
        self._before = (clock.ts(), dict.fromkeys(senses.watched, 0))

    def __call__(self) -> BoxState:
        wall = self._clock.wall()
        return BoxState(
            online=True,
            boot_id=self.boot_id,
            time=wall,
            version=version("jinmu"),
            streams=self._streams(),
            outbox_depth=self._store.outbox.depth(),
            outbox_oldest_s=round(self._store.outbox.oldest_s(wall), 1),
            disk_free_bytes=shutil.disk_usage(self._config.data_dir).free,
            model=self._model,
            config_digest=self._digest,
        )

    def _streams(self) -> list[StreamState]:
        since_ts, looked_before = self._before
        now_ts = self._clock.ts()
        looked = {name: stream.looked for name, stream in self._watched.items()}
        self._before = (now_ts, looked)
        span_s = max(now_ts - since_ts, 1e-3)
        return [
            self._stream(
                stream, (looked.get(stream.id, 0), looked_before.get(stream.id, 0), span_s)
            )
            for stream in self._config.streams
        ]

    def _stream(self, stream: Stream, counts: tuple[int, int, float]) -> StreamState:
        """`counts`: pictures looked at by now and at the last report, and the seconds between."""
        watched, listener = self._watched.get(stream.id), self._listeners.get(stream.id)
        sound = None if listener is None else listener.state
        if watched is None:
            heard = sound is not None and "no_sound" not in sound.invalid
            return StreamState(id=stream.id, name=stream.name, up=heard, sound=sound)
        looked, before, span_s = counts
        reader = watched.reader_state()
        return StreamState(
            id=stream.id,
            name=stream.name,
            up=reader.up,
            analysed_fps=round((looked - before) / span_s, 2),
            frames=looked,
            drops=watched.mailbox.drops,
            last_frame_at=reader.last_frame_wall,
            sound=sound,
        )


def _senders(
    config: Config,
    identity: BoxIdentity | None,
    store: Store,
    clock: Clock,
    reporter: _Reporter,
) -> tuple[Publisher, Uploader]:
    publisher = Publisher(
        PublisherSettings(
            site=config.site,
            box=config.box,
            boot_id=reporter.boot_id,
            url=config.broker.url.get_secret_value(),
            ca_file=config.broker.ca_file or (identity.ca_file if identity else None),
            certificate=identity.certificate if identity else None,
        ),
        store.outbox,
        clock,
        reporter,
    )
    token = config.central.token.get_secret_value() if config.central.token else ""
    settings = UploaderSettings(
        config.central.url.get_secret_value(),
        token,
        signer=identity.signer if identity else None,
        ca_file=config.central.ca_file,
    )
    return publisher, Uploader(settings, store.outbox, store.evidence, clock)
