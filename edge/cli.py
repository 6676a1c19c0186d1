"""jinmu-edge: the command line of the box."""

import signal
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, TextColumn

from edge import calibrating, health, snapshot
from edge.annotate import Annotator
from edge.clock import SystemClock
from edge.config import Config, Stream
from edge.config_file import load
from edge.detector import OnnxDetector
from edge.errors import EdgeError
from edge.hearing import hearing_of, tagger_of, worth_of
from edge.log import set_up
from edge.no_core import forbid_core_dumps
from edge.pipeline import StreamPipeline, Watchers
from edge.replay import Pipelines, PrintSink, Recording, recording_clock, replay
from edge.run import detector_of, facts_of, run
from edge.sound.worth import Worth
from edge.sound_pipeline import SoundPipeline
from edge.telling import Facts

DEFAULT_START = "2000-01-01T00:00:00"

app = typer.Typer(
    help="Jinmu box: watches cameras, decides, keeps, and tells central.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

File = Annotated[Path, typer.Argument(help="the configuration, e.g. streams.yaml")]


def _fail(error: EdgeError) -> typer.Exit:
    typer.echo(str(error), err=True)
    return typer.Exit(2)


@app.command(epilog="Example:  jinmu-edge check streams.yaml")
def check(file: File) -> None:
    """Check a configuration and its model; exit 2 with one line per fault."""
    try:
        config = load(file)
        detector = detector_of(config)
        listens = any(stream.sound for stream in config.streams)
        models = [detector.name, *([tagger_of(config).name] if listens else [])]
        now = SystemClock().wall()
        worth = {stream.id: worth_of(config, stream, now) for stream in config.streams}
    except EdgeError as error:
        raise _fail(error) from None
    known = f"model {models[0]}" if len(models) == 1 else f"models {' and '.join(models)}"
    typer.echo(f"{file}: right. Site {config.site}, box {config.box}, {known}.")
    for stream in config.streams:
        places = ", ".join(f"{scene.scene} at {scene.place}" for scene in stream.scenes)
        typer.echo(f"  {stream.id} ({stream.name}): {places}")
        if worth[stream.id]:
            typer.echo(f"    {worth[stream.id]}")


@app.command("run", epilog="Example:  CAM_PASSWORD=… jinmu-edge run streams.yaml")
def run_command(
    file: File,
    log_level: Annotated[str, typer.Option(help="debug, info, warning or error")] = "info",
) -> None:
    """Run the box until SIGTERM or Ctrl-C. Logs are JSON lines on stderr."""
    set_up(log_level)
    forbid_core_dumps()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        ended_well = run(load(file), stop, SystemClock())
    except EdgeError as error:
        raise _fail(error) from None
    if not ended_well:
        raise typer.Exit(1)


@app.command(
    "replay",
    epilog="Example:  jinmu-edge replay streams.yaml --stream gate-east --media clip.mp4 "
    "--start 2026-11-24T21:59:00+08:00 --evidence pictures/",
)
def replay_command(  # noqa: PLR0913 one parameter per option
    file: File,
    stream: Annotated[str, typer.Option(help="id of the stream the recording stands in for")],
    media: Annotated[Path, typer.Option(help="the recording, any format FFmpeg reads")],
    start: Annotated[
        str, typer.Option(help="when the recording began, RFC 3339; site's time zone if none")
    ] = DEFAULT_START,
    evidence: Annotated[
        Path | None, typer.Option(help="folder for the evidence pictures; made if missing")
    ] = None,
    annotate: Annotated[
        Path | None, typer.Option(help="write the clip, with everything drawn in, as this mp4")
    ] = None,
) -> None:
    """Run the same pipeline over a recording: one event as JSON per line on stdout."""
    set_up()
    try:
        config = load(file)
        recording = Recording(_stream_of(config, stream), media, _moment(start, config))
        detector = detector_of(config)
        if evidence:
            evidence.mkdir(parents=True, exist_ok=True)
        facts = facts_of(config, detector, recording_clock)
        with ExitStack() as stack:
            observer = None
            if annotate:
                observer = stack.enter_context(
                    Annotator(media, annotate, recording.start, config.zone)
                )
            sink = PrintSink(folder=evidence)
            sound = _sound_of(config, recording, facts, detector, sink)
            watchers = Watchers(observer, None if sound is None else sound.saw)
            picture = StreamPipeline(recording.stream, facts, detector, sink, watchers)
            told = _progress_of(stack, media.name)
            replay(recording, Pipelines(picture, sound), told)
    except EdgeError as error:
        raise _fail(error) from None


def _progress_of(stack: ExitStack, name: str) -> Callable[[float], None]:
    """What to call with the media time, in seconds, to show how far a recording has got."""
    bar = stack.enter_context(
        Progress(
            TextColumn("{task.description}: {task.completed:.0f} s of the recording"),
            console=Console(stderr=True),
            disable=not sys.stderr.isatty(),
            transient=True,
        )
    )
    task = bar.add_task(name, total=None)
    return lambda media_s: bar.update(task, completed=media_s)


def _sound_of(
    config: Config, recording: Recording, facts: Facts, detector: OnnxDetector, sink: PrintSink
) -> SoundPipeline | None:
    """What hears the recording in place of the stream's own source."""
    stream = recording.stream
    if stream.sound is None:
        return None
    hearing = hearing_of(
        config, stream, tagger_of(config), lambda ts: recording.start + timedelta(seconds=ts)
    )
    if hearing.metered:  # a recording is no meter: what it is worth nobody knows
        hearing = replace(hearing, metered=False, worth=Worth())
    return SoundPipeline(stream, facts, hearing, detector, sink)


def _stream_of(config: Config, stream_id: str) -> Stream:
    for stream in config.streams:
        if stream.id == stream_id:
            return stream
    known = ", ".join(stream.id for stream in config.streams)
    raise EdgeError(f"--stream {stream_id}: no such stream; there are: {known}")


def _moment(text: str, config: Config) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise EdgeError(f"--start {text}: write it as 2026-11-24T21:59:00+08:00") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=config.zone)


@app.command("health", epilog="Example:  jinmu-edge health streams.yaml && echo it works")
def health_command(file: File) -> None:
    """Exit 0 when the box that runs with this configuration does its job, else 1 and say why."""
    try:
        age_s = health.heartbeat_age_s(load(file).data_dir)
    except EdgeError as error:
        raise _fail(error) from None
    if age_s is None or age_s > health.STALE_AFTER_S:
        age = "never" if age_s is None else f"{age_s:.0f} s ago"
        typer.echo(f"not healthy: last heartbeat {age}", err=True)
        raise typer.Exit(1)
    typer.echo(f"healthy: last heartbeat {age_s:.0f} s ago")


@app.command(
    "snapshot",
    epilog="Example:  jinmu-edge snapshot streams.yaml --stream gate-east --out zones.png",
)
def snapshot_command(
    file: File,
    stream: Annotated[str, typer.Option(help="id of the stream")],
    out: Annotated[Path, typer.Option(help="the picture: .png or .jpg")],
    media: Annotated[
        Path | None, typer.Option(help="take it from this recording instead of the camera")
    ] = None,
    at: Annotated[float, typer.Option(help="seconds into the recording", min=0)] = 0.0,
) -> None:
    """Save one frame with the zones drawn in and a ruler to read corners off."""
    set_up()
    try:
        watched = _stream_of(load(file), stream)
        image = (
            snapshot.of_recording(media, at)
            if media
            else snapshot.of_camera(watched, SystemClock())
        )
        snapshot.save(snapshot.with_zones(image, watched), out)
    except EdgeError as error:
        raise _fail(error) from None
    typer.echo(f"{out}: {image.shape[1]}x{image.shape[0]} pixels, {len(watched.scenes)} zones")


@app.command(
    "calibrate",
    epilog="Example:  jinmu-edge calibrate streams.yaml --stream plaza --level 94, then "
    "within an hour the same with --level 114",
)
def calibrate_command(  # noqa: PLR0913 one parameter per option
    file: File,
    stream: Annotated[str, typer.Option(help="id of the stream")],
    level: Annotated[float, typer.Option(help="what the calibrator gives, dB: 94 or 114")],
    seconds: Annotated[float, typer.Option(help="listen so long", min=6, max=120)] = 15.0,
    media: Annotated[
        Path | None, typer.Option(help="take it from this recording of the calibrator")
    ] = None,
    calibrator: Annotated[str, typer.Option(help="serial number of the calibrator")] = "",
) -> None:
    """Calibrate a microphone with a 1 kHz calibrator on it; exit 2 and why when it cannot be."""
    set_up()
    try:
        config = load(file)
        wish = calibrating.Wish(level, seconds, media, calibrator)
        done = calibrating.calibrate_stream(config, _stream_of(config, stream), wish, SystemClock())
    except EdgeError as error:
        raise _fail(error) from None
    for line in calibrating.said(done):
        typer.echo(f"{stream}: {line}")


def main() -> None:
    """Entry point of the console script."""
    app()
