"""Many boxes in one process, each with outbox, pictures, publisher and uploader of its own.

    python -m tests.faultline.fleet FOLDER FIRST COUNT BROKER_URL CENTRAL_URL --token T

All connect; once FOLDER/go exists, one after the other puts an event, `--rate` a second together.
A box makes `--events` of them and stays connected until SIGTERM.
"""

import argparse
import signal
import threading
import time
from pathlib import Path

from edge.clock import SystemClock
from edge.events import BoxState
from edge.ids import uuid7
from edge.publisher import Publisher, PublisherSettings
from edge.uploader import Uploader, UploaderSettings
from tests.faultline.box import Maker


def name_of(number: int) -> str:
    return f"box-{number:03d}"


class Box:
    """One of them."""

    def __init__(self, args: argparse.Namespace, number: int) -> None:
        clock, name = SystemClock(), name_of(number)
        folder = args.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        boot = uuid7(clock.wall())
        self.maker = Maker(folder, name, args.picture_bytes)
        outbox = self.maker.outbox
        settings = PublisherSettings("pujin", name, boot, args.broker_url)
        self.publisher = Publisher(
            settings,
            outbox,
            clock,
            lambda: BoxState(
                online=True, boot_id=boot, time=clock.wall(), outbox_depth=outbox.depth()
            ),
        )
        self._uploader = Uploader(
            UploaderSettings(args.central_url, args.token), outbox, self.maker.store, clock
        )
        self.publisher.start()
        self._uploader.start()

    def end(self) -> None:
        self.publisher.stop(5)
        self._uploader.stop(2)


def run(args: argparse.Namespace) -> None:
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    boxes = [Box(args, args.first + number) for number in range(args.count)]
    while not stop.is_set() and not all(box.publisher.connected for box in boxes):
        stop.wait(0.2)
    (args.folder / f"ready-{args.first}").touch()
    while not stop.is_set() and not (args.folder / "go").exists():
        stop.wait(0.05)
    due_ts = time.monotonic()
    for number in range(args.events * args.count):
        due_ts += 1 / args.rate
        if stop.wait(max(0.0, due_ts - time.monotonic())):
            break
        boxes[number % len(boxes)].maker.make()
    stop.wait()
    for box in boxes:
        box.end()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("first", type=int)
    parser.add_argument("count", type=int)
    parser.add_argument("broker_url")
    parser.add_argument("central_url")
    parser.add_argument("--token", default="")
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--events", type=int, required=True)
    parser.add_argument("--picture-bytes", type=int, required=True)
    run(parser.parse_args())


if __name__ == "__main__":
    main()
