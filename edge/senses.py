"""What a box sees and hears: readers, pipelines and listeners of all streams, not yet started."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from edge.clock import Clock
from edge.config import Config, Stream
from edge.detector import SharedDetector
from edge.evidence import EvidenceStore
from edge.hearing import hearing_of
from edge.listen import Ends, Listener
from edge.look import Watched
from edge.mailbox import Mailbox
from edge.outbox import Outbox
from edge.pipeline import StreamPipeline, Watchers
from edge.sink import OutboxSink
from edge.sound.tagger import OnnxTagger
from edge.sound_pipeline import SoundPipeline
from edge.sound_sources import audio_of, source_of
from edge.source import RtspSource
from edge.source_reader import StreamReader
from edge.telling import Facts
from edge.types import Frame
from edge.worker import Worker


@dataclass(frozen=True, slots=True)
class Store:
    """The box's disk."""

    outbox: Outbox
    evidence: EvidenceStore
    sink: OutboxSink


@dataclass(frozen=True, slots=True)
class Senses:
    """What sees and hears, by stream: readers and pipelines of pictures, listeners and sources."""

    readers: list[StreamReader]
    watched: dict[str, Watched]
    listeners: dict[str, Listener]
    sources: list[Worker]


@dataclass(frozen=True, slots=True)
class Parts:
    """What all streams share."""

    facts: Facts
    eyes: SharedDetector
    tagger: OnnxTagger | None
    store: Store
    clock: Clock


def open_senses(config: Config, parts: Parts) -> Senses:
    """A reader and pipelines for every stream."""
    bell = threading.Condition()
    senses = Senses([], {}, {}, [])
    audio = audio_of(config)
    for stream in config.streams:
        listener = None
        if stream.sound is not None:
            listener = Listener(_ear_builder(config, stream, parts), _ends(stream, senses, parts))
            senses.listeners[stream.id] = listener
            source = source_of(stream, listener, parts.clock, audio)
            senses.sources.extend([Worker(f"sound-{stream.id}", source)] if source else [])
        if stream.url is None:
            continue
        mailbox: Mailbox[Frame] = Mailbox(bell)
        on_sound = listener.on_sound if listener and stream.hears_camera else None
        camera = RtspSource(stream.url, stream.analyse_every_s, parts.clock, on_sound)
        reader = StreamReader(stream.id, camera, mailbox, parts.clock)
        build = _builder(stream, parts, Watchers(ear=listener.saw if listener else None))
        last_ts = parts.clock.ts()
        senses.watched[stream.id] = Watched(build, mailbox, reader.state, build(), last_ts)
        senses.readers.append(reader)
    return senses


def _ends(stream: Stream, senses: Senses, parts: Parts) -> Ends:
    """Of a camera that is away no sound is expected: that is said already."""

    def expected() -> bool:
        watched = senses.watched.get(stream.id)
        return watched is None or not stream.hears_camera or watched.reader_state().up

    return Ends(parts.clock, parts.store.outbox, expected)


def _builder(stream: Stream, parts: Parts, watchers: Watchers) -> Callable[[], StreamPipeline]:
    store, clock = parts.store, parts.clock

    def build() -> StreamPipeline:
        pipeline = StreamPipeline(stream, parts.facts, parts.eyes, store.sink, watchers)
        pipeline.restore(store.outbox.load_state, clock.ts(), clock.wall())
        return pipeline

    return build


def _ear_builder(config: Config, stream: Stream, parts: Parts) -> Callable[[], SoundPipeline]:
    assert parts.tagger is not None
    store, clock = parts.store, parts.clock
    hearing = hearing_of(
        config, stream, parts.tagger, lambda ts: clock.wall() + timedelta(seconds=ts - clock.ts())
    )

    def build() -> SoundPipeline:
        pipeline = SoundPipeline(stream, parts.facts, hearing, parts.eyes, store.sink)
        pipeline.restore(store.outbox.load_state, clock.ts(), clock.wall())
        return pipeline

    return build
