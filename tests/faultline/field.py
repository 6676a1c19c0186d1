"""Broker, central and boxes of one run, each of them a process that can be broken."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from central import upgrade
from central.db import Database
from tests.brokers import MOSQUITTO, Broker, IotCore, Mosquitto
from tests.central.server import Server
from tests.support import ROOT, free_port

SHARE = "filer"


@dataclass(slots=True)
class BoxProcess:
    """One box of `tests.faultline.box`; options are those of its command line."""

    folder: Path
    name: str
    broker_url: str
    central_url: str
    token: str
    options: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        flags = [part for key, value in self.options.items() for part in (f"--{key}", value)]
        command = [sys.executable, "-m", "tests.faultline.box", str(self.folder), self.name]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*command, self.broker_url, self.central_url, "--token", self.token, *flags],
                cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=os.environ | self.environment,
            )  # fmt: skip

    def kill(self) -> None:
        """`kill -9`."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(20)
            self.process = None

    def quiet(self) -> None:
        """Start it again without making anything new."""
        self.kill()
        self.options = self.options | {"rate": "0"}
        self.environment = {}
        self.start()


class FixedServer(Server):
    """Central on a port that stays the same over restarts; `share`: one of a group."""

    def __init__(
        self, folder: Path, broker_url: str, database_url: str = "", share: str = ""
    ) -> None:
        super().__init__(folder, broker_url, database_url)
        self.port = free_port()
        self.share = share
        self.extra: dict[str, str] = {}
        self.url = f"http://127.0.0.1:{self.port}"
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def environment(self) -> dict[str, str]:
        shared = {"JINMU_SHARE": self.share} if self.share else {}
        return super().environment | shared | self.extra

    def start(self, *options: str) -> None:
        super().start("--port", str(self.port), *options)

    def start_again(self) -> None:
        """Begin to start it; nobody waits."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "central", "serve", "--port", str(self.port)],
                env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip


class Field:
    """One site: `receivers` centrals side by side need a `database_url` of PostgreSQL."""

    def __init__(
        self, folder: Path, broker: Broker, database_url: str = "", receivers: int = 1
    ) -> None:
        self.folder = folder
        self.broker = broker
        if database_url:
            made = Database(database_url)
            upgrade.upgrade(made)
            made.close()
        share = SHARE if receivers > 1 else ""
        self.servers = [
            FixedServer(folder / "server", broker.url, database_url, share)
            for _ in range(receivers)
        ]
        for n, server in enumerate(self.servers):
            server.log = folder / f"central-{n}.log"
        self.boxes: list[BoxProcess] = []
        self.token = self.servers[0].token("box", "box")

    def add_box(self, broker_url: str = "", central_url: str = "", **options: str) -> BoxProcess:
        """A further box, not started; options with underscores."""
        name = f"box-{len(self.boxes) + 1:02d}"
        flags = {key.replace("_", "-"): value for key, value in options.items()}
        box = BoxProcess(
            self.folder / name,
            name,
            broker_url or self.broker.url,
            central_url or self.servers[0].url,
            self.token,
            flags,
        )
        self.boxes.append(box)
        return box

    def start(self) -> None:
        self.broker.start()
        for server in self.servers:
            server.start()
        for box in self.boxes:
            box.start()

    def close(self) -> None:
        for end in (
            *(b.kill for b in self.boxes),
            *(s.kill for s in self.servers),
            self.broker.kill,
        ):
            end()


def any_broker(folder: Path, *lines: str) -> Broker:
    """Mosquitto without persistence where there is one, else iotcore."""
    return Mosquitto(folder, lines=lines) if MOSQUITTO else IotCore(folder)


@contextmanager
def open_field(
    folder: Path, broker: Broker | None = None, database_url: str = "", receivers: int = 1
) -> Iterator[Field]:
    """A field that is closed in the end, whatever happens."""
    folder.mkdir(parents=True, exist_ok=True)
    made = Field(folder, broker or any_broker(folder), database_url, receivers)
    with ExitStack() as stack:
        stack.callback(made.close)
        yield made
