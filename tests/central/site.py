"""A complete central without a broker, and people and programs who use it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.testclient import TestClient

from central import auth, store, upgrade
from central.app import create_app
from central.auth.rights import Scope, UserRole
from central.db import Database
from central.settings import Settings
from edge.events import DeviceEvent, IncidentEvent
from tests.central.events import NOW, SHANGHAI, taken

PASSWORD = "correct horse battery"


class Moving:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **step: float) -> None:
        self.at += timedelta(**step)


@dataclass
class Site:
    """The application, its database and clock."""

    app: FastAPI
    database: Database
    clock: Moving

    def visitor(self, **headers: str) -> TestClient:
        """A browser or program that has not said who it is; redirects are not followed."""
        return TestClient(self.app, headers=headers, follow_redirects=False)

    def program(self, scope: Scope, name: str = "") -> TestClient:
        """A program with a token of this scope."""
        with self.database.write() as session:
            token = auth.create_token(session, name or f"t-{scope}", scope, self.clock())
        return self.visitor(authorization=f"Bearer {token}")

    def person(
        self, role: UserRole = "desk", name: str = "", org: str = ""
    ) -> tuple[TestClient, str]:
        """A signed-in browser, and the CSRF token of its session."""
        name = name or role
        with self.database.write() as session:
            auth.add_user(session, name, PASSWORD, role, self.clock(), org)
        return self.sign_in(name)

    def sign_in(self, name: str) -> tuple[TestClient, str]:
        new = auth.login(self.database, name, PASSWORD, "10.0.0.9", self.clock())
        client = self.visitor()
        client.cookies.set("jinmu", new.secret)
        return client, new.principal.csrf_token

    def file(self, *events: IncidentEvent | DeviceEvent) -> list[str]:
        """Take events in; the numbers of the cases they filed."""
        with self.database.write() as session:
            verdicts = [
                store.merge(session, taken(event), self.clock(), SHANGHAI) for event in events
            ]
        return [verdict.case_no for verdict in verdicts if verdict.case_no]


@contextmanager
def open_site(folder: Path, **changes: Any) -> Iterator[Site]:
    """A running application over a fresh database; the broker is left alone."""
    settings = Settings(data_dir=folder, **changes)
    prepared = Database(settings.database)
    upgrade.upgrade(prepared)
    prepared.close()
    clock = Moving()
    app = create_app(settings, clock, receive=False)
    with TestClient(app):
        yield Site(app, app.state.database, clock)
