"""Sign in, set-up link, tokens, and the limits on guessing; on both databases."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from central import auth
from central.auth.accounts import has_administrator
from central.auth.secrets import NO_PASSWORD
from central.db import Database
from central.tables import ApiTokenTable, SessionTable, SetupLinkTable, UserTable
from tests.central.events import NOW

PASSWORD = "correct horse battery"


def add(database: Database, name: str = "zhang") -> None:
    with database.write() as session:
        auth.add_user(session, name, PASSWORD, "desk", NOW)


def refused(database: Database, password: str, at_s: float = 0, address: str = "10.0.0.1") -> str:
    with pytest.raises(auth.LoginRefused) as error:
        auth.login(database, "zhang", password, address, NOW + timedelta(seconds=at_s))
    return error.value.code


def test_only_hashes_are_kept(database: Database) -> None:
    add(database)
    new = auth.login(database, "zhang", PASSWORD, "10.0.0.1", NOW)
    with database.write() as session:
        token = auth.create_token(session, "box-01", "box", NOW)
        link = auth.open_setup_link(session, NOW)
    with database.read() as session:
        kept = [
            session.scalars(select(UserTable.password_hash)).one(),
            session.scalars(select(SessionTable.token_sha256)).one(),
            session.scalars(select(ApiTokenTable.token_sha256)).one(),
            session.scalars(select(SetupLinkTable.token_sha256)).one(),
        ]
    assert kept[0].startswith("$argon2id$")
    assert not {PASSWORD, new.secret, token, link} & set(kept)


def test_guessing_is_stopped_and_forgotten_after_a_while(database: Database) -> None:
    add(database)
    assert [refused(database, "wrong password", n) for n in range(5)] == ["wrong"] * 5
    assert refused(database, PASSWORD, 6) == "too_many"  # even the right one, now
    auth.login(database, "zhang", PASSWORD, "10.0.0.2", NOW)  # elsewhere it works
    auth.login(database, "zhang", PASSWORD, "10.0.0.1", NOW + timedelta(minutes=16))


def test_success_forgives_earlier_typing_errors(database: Database) -> None:
    add(database)
    for round_s in range(0, 40, 10):
        assert [refused(database, "wrong password", round_s + n) for n in range(4)] == ["wrong"] * 4
        auth.login(database, "zhang", PASSWORD, "10.0.0.1", NOW + timedelta(seconds=round_s + 5))


def test_one_address_cannot_try_many_names(database: Database) -> None:
    codes = []
    for n in range(31):
        with pytest.raises(auth.LoginRefused) as error:
            auth.login(database, f"user{n}", "x", "10.0.0.1", NOW)
        codes.append(error.value.code)
    assert codes == ["wrong"] * 30 + ["too_many"]


def test_many_guesses_at_once_are_counted_before_they_are_tried(database: Database) -> None:
    add(database)
    codes: list[str] = []

    def guess() -> None:
        codes.append(refused(database, "wrong password"))

    threads = [threading.Thread(target=guess) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == ["too_many"] * 7 + ["wrong"] * 5


def test_a_locked_or_unknown_user_looks_like_a_wrong_password(database: Database) -> None:
    assert refused(database, PASSWORD) == "wrong"
    add(database)
    with database.write() as session:
        auth.set_disabled(session, "zhang", True, NOW)
    assert refused(database, PASSWORD) == "wrong"


def test_nobody_signs_in_as_the_demo(database: Database) -> None:
    with database.write() as session:
        auth.ensure_demo_user(session, NOW)
        assert not has_administrator(session)
    for password in ("", NO_PASSWORD, "demo"):
        with pytest.raises(auth.LoginRefused):
            auth.login(database, "demo", password, "10.0.0.1", NOW)


def test_the_setup_link_works_once_and_only_while_nobody_can_sign_in(database: Database) -> None:
    with database.write() as session:
        older = auth.open_setup_link(session, NOW)
        link = auth.open_setup_link(session, NOW)
    assert older is not None
    assert link is not None
    assert not auth.setup_is_open(database, older, NOW)
    assert not auth.setup_is_open(database, "guess", NOW)
    assert not auth.setup_is_open(database, link, NOW + timedelta(hours=25))
    assert auth.setup_is_open(database, link, NOW)
    for name, password in [("a b", PASSWORD), ("zhang", "short"), ("zhang", "aaaaaaaaaaaa")]:
        with pytest.raises(auth.SetupRefused):
            auth.complete_setup(database, link, name, password, NOW)
    new = auth.complete_setup(database, link, "zhang", PASSWORD, NOW)
    assert (new.principal.name, new.principal.role) == ("zhang", "administrator")
    with pytest.raises(auth.SetupRefused, match="used up"):
        auth.complete_setup(database, link, "li", PASSWORD, NOW)
    with database.write() as session:
        assert auth.open_setup_link(session, NOW) is None


def test_a_new_password_ends_open_sessions(database: Database) -> None:
    add(database)
    auth.login(database, "zhang", PASSWORD, "10.0.0.1", NOW)
    with database.write() as session:
        auth.set_password(session, "zhang", "another good one", NOW)
    with database.read() as session:
        assert session.scalars(select(SessionTable)).all() == []
    assert refused(database, PASSWORD) == "wrong"


@pytest.mark.parametrize(("name", "scope"), [("a b", "box"), ("", "box"), ("ok", "admin")])
def test_tokens_have_decent_names_and_known_scopes(
    database: Database, name: str, scope: str
) -> None:
    with database.write() as session, pytest.raises(ValueError, match=r"a (name|scope) "):
        auth.create_token(session, name, scope, NOW)  # type: ignore[arg-type]
