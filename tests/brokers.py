"""Real MQTT brokers for the tests, as processes that can be killed and started again.

Fixtures (registered in `tests/conftest.py`): `broker` runs every test with iotcore
(`scripts/broker`), `any_broker` with iotcore and with mosquitto. Both are started already.
"""

import atexit
import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import ROOT, free_port, listens, wait_for

MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
MOSQUITTO_PASSWD = shutil.which("mosquitto_passwd")


class Broker:
    """A broker on a free port of the loopback; subclasses know how to start one.

    `url` is `mqtt://127.0.0.1:PORT` without credentials. Nothing is kept over `kill` or `stop`.
    """

    def __init__(self, folder: Path, user: str = "", password: str = "") -> None:
        self.folder = folder
        self.user, self.password = user, password
        self.port = free_port()
        self.url = f"mqtt://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url_with_password(self) -> str:
        """The URL a box is configured with."""
        return f"mqtt://{self.user}:{self.password}@127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """Everything the broker printed."""
        return (self.folder / "broker.log").read_text(encoding="utf-8", errors="replace")

    def command(self) -> list[str]:
        """The program and its arguments."""
        raise NotImplementedError

    def start(self) -> None:
        """Start it and wait until it accepts connections."""
        atexit.register(self.kill)  # also when a test fails before it gets to that
        env = os.environ | ({"BROKER_PASSWORD": self.password} if self.user else {})
        with (self.folder / "broker.log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env
            )
        wait_for(self._ready, what=f"{type(self).__name__} on {self.port}")

    def kill(self) -> None:
        """`kill -9`."""
        self._end(force=True)

    def stop(self) -> int:
        """SIGTERM; gives the exit code, 0 for a clean end."""
        return self._end(force=False)

    def restart(self) -> None:
        """`kill -9` and start again on the same port, with no memory of before."""
        self.kill()
        self.start()

    def _ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log
        return listens(self.port)

    def _end(self, force: bool) -> int:
        if self.process is None:
            return 0
        process, self.process = self.process, None
        process.kill() if force else process.terminate()
        return process.wait(timeout=10)


class IotCore(Broker):
    """`scripts/broker`."""

    def command(self) -> list[str]:
        user = ["--user", self.user] if self.user else []
        return [sys.executable, str(ROOT / "scripts/broker"), "--port", str(self.port), *user]


class Mosquitto(Broker):
    """Debian's mosquitto without persistence; `lines` are added to its configuration."""

    def __init__(
        self, folder: Path, user: str = "", password: str = "", lines: tuple[str, ...] = ()
    ) -> None:
        super().__init__(folder, user, password)
        self.lines = lines

    def command(self) -> list[str]:
        assert MOSQUITTO is not None
        lines = [
            f"listener {self.port} 127.0.0.1",
            f"user {pwd.getpwuid(os.getuid()).pw_name}",  # else root's mosquitto becomes another
            "persistence false",
            f"allow_anonymous {'false' if self.user else 'true'}",
            *self.lines,
        ]
        if self.user:
            lines.append(f"password_file {self._password_file()}")
        path = self.folder / "mosquitto.conf"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return [MOSQUITTO, "-c", str(path)]

    def _password_file(self) -> Path:
        assert MOSQUITTO_PASSWD is not None
        path = self.folder / "passwords"
        subprocess.run(
            [MOSQUITTO_PASSWD, "-b", "-c", str(path), self.user, self.password],
            check=True,
            capture_output=True,
        )
        return path


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """A started iotcore without password."""
    made = IotCore(tmp_path)
    made.start()
    yield made
    made.kill()


@pytest.fixture(params=["iotcore", pytest.param("mosquitto", marks=pytest.mark.mosquitto)])
def any_broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Broker]:
    """A started broker without password: iotcore and then mosquitto."""
    if request.param == "mosquitto" and MOSQUITTO is None:
        pytest.skip("mosquitto is not installed")
    made = Mosquitto(tmp_path) if request.param == "mosquitto" else IotCore(tmp_path)
    made.start()
    yield made
    made.kill()
