"""The audit log on both databases: append-only, whole under many writers."""

import contextlib
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from central import auth, store
from central.audit import Broken, Head, Noted
from central.db import Database
from tests.central.events import NOW

PASSWORD = "correct horse battery"


def write(database: Database, *subjects: str) -> None:
    for subject in subjects:
        with database.write() as session:
            store.note(session, Noted(NOW, "zhang", "login", subject))


def kept(database: Database) -> list[tuple[str, str, str]]:
    """Actor, action and subject, the oldest first."""
    with database.read() as session:
        rows = store.list_audit(session, 1000)
    return [(row.actor, row.action, row.subject) for row in reversed(rows)]


def verified(database: Database) -> Head | Broken:
    with database.read() as session:
        return store.verify_audit(session)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET actor = 'nobody'",
        "UPDATE audit SET hash = hash WHERE number = 2",
        "DELETE FROM audit",
        "DELETE FROM audit WHERE number = 3",
    ],
)
def test_the_database_itself_refuses_to_change_or_delete(
    database: Database, statement: str
) -> None:
    write(database, "a", "b", "c")
    with pytest.raises(DBAPIError, match="append-only"), database.write() as session:
        session.execute(text(statement))
    assert [subject for _, _, subject in kept(database)] == ["a", "b", "c"]


def test_rows_are_not_replaced_or_truncated_either(database: Database) -> None:
    write(database, "a")
    statement = (
        "INSERT OR REPLACE INTO audit SELECT number, at, 'x', action, subject, address, detail, "
        "previous, hash FROM audit"
        if database.is_sqlite
        else "TRUNCATE audit"
    )
    with pytest.raises(DBAPIError, match="append-only"), database.write() as session:
        session.execute(text(statement))
    assert kept(database) == [("zhang", "login", "a")]


def test_many_writers_make_one_chain(database: Database) -> None:
    def work(name: str) -> None:
        for n in range(12):
            with database.write() as session:
                store.note(session, Noted(NOW, name, "login", f"{n}"))
                store.note(session, Noted(NOW, name, "logout", f"{n}"))

    threads = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = verified(database)
    assert isinstance(found, Head)
    assert found.number == 6 * 12 * 2
    rows = kept(database)
    for n in range(6):
        mine = [subject for actor, _, subject in rows if actor == f"w{n}"]
        assert mine == [str(n) for n in range(12) for _ in range(2)]


def test_what_was_rolled_back_is_not_noted(database: Database) -> None:
    with contextlib.suppress(DBAPIError), database.write() as session:
        store.note(session, Noted(NOW, "zhang", "login", "whole"))
        session.execute(text("SELECT * FROM no_such_table"))
    with database.write() as session:
        store.note(session, Noted(NOW, "zhang", "login", "before"))
        with session.begin_nested():
            store.note(session, Noted(NOW, "zhang", "login", "kept"))
        savepoint = session.begin_nested()
        store.note(session, Noted(NOW, "zhang", "login", "gone"))
        savepoint.rollback()
        store.note(session, Noted(NOW, "zhang", "login", "after"))
    assert [subject for _, _, subject in kept(database)] == ["before", "kept", "after"]
    assert isinstance(verified(database), Head)


def test_accounts_tokens_and_sign_ins_are_noted(database: Database) -> None:
    with database.write() as session:
        store.sign(session, "cli:root")
        auth.add_user(session, "zhang", PASSWORD, "desk", NOW)
        auth.create_token(session, "box-01", "box", NOW)
        auth.revoke_token(session, "box-01", NOW)
        auth.revoke_token(session, "box-01", NOW)
    for name in ("zhang", "my secret password"):
        with pytest.raises(auth.LoginRefused):
            auth.login(database, name, "wrong one", "10.0.0.1", NOW)
    auth.login(database, "zhang", PASSWORD, "10.0.0.1", NOW)
    with database.write() as session:
        auth.set_password(session, "zhang", "another good one", NOW)
        auth.set_disabled(session, "zhang", True, NOW)
        auth.set_disabled(session, "zhang", False, NOW)
        auth.sign_out_everywhere(session, "zhang", NOW)
    assert kept(database) == [
        ("cli:root", "user_added", "zhang"),
        ("cli:root", "token_created", "box-01"),
        ("cli:root", "token_revoked", "box-01"),
        ("zhang", "login_failed", ""),
        ("", "login_failed", ""),  # a name that is nobody's may be a password: it is not kept
        ("zhang", "login", ""),
        ("system", "password_changed", "zhang"),
        ("system", "user_disabled", "zhang"),
        ("system", "user_enabled", "zhang"),
        ("system", "logout_everywhere", "zhang"),
    ]


def test_a_flood_of_sign_ins_cannot_fill_the_log(database: Database) -> None:
    for _ in range(60):
        with pytest.raises(auth.LoginRefused):
            auth.login(database, "nobody", "wrong", "10.0.0.1", NOW)
    actions = [action for _, action, _ in kept(database)]
    assert actions == ["login_failed"] * 5 + ["login_refused"]


def run(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "central", "audit", *arguments, "--data-dir", str(folder)],
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_command_names_the_first_broken_row(tmp_path: Path) -> None:
    assert run("verify", folder=tmp_path).stdout.startswith("audit log unbroken: 0 rows, head 0:0")
    database = Database(f"sqlite:///{tmp_path / 'jinmu.db'}")
    write(database, *"abcde")
    sound = run("verify", folder=tmp_path)
    assert sound.returncode == 0
    head = sound.stdout.split()[-1]
    assert run("verify", "--head", head, folder=tmp_path).returncode == 0
    assert run("verify", "--head", "5:abc", folder=tmp_path).returncode == 2
    shown = run("show", "--limit", "2", folder=tmp_path).stdout.splitlines()
    assert [line.split("\t")[4] for line in shown] == ["d", "e"]
    with database.write() as session:  # somebody with the file itself, and without scruples
        session.execute(text("DROP TRIGGER audit_no_update"))
        session.execute(text("UPDATE audit SET actor = 'li' WHERE number = 3"))
    broken = run("verify", folder=tmp_path)
    assert (broken.returncode, broken.stderr) == (
        1,
        "audit log broken at row 3: its content was changed\n",
    )
    with database.write() as session:
        session.execute(text("UPDATE audit SET actor = 'zhang' WHERE number = 3"))
        session.execute(text("DROP TRIGGER audit_no_delete"))
        session.execute(text("DELETE FROM audit WHERE number = 5"))
    assert run("verify", folder=tmp_path).returncode == 0
    cut = run("verify", "--head", head, folder=tmp_path)
    assert (cut.returncode, cut.stderr) == (
        1,
        "audit log broken at row 5: the log ends at 4: rows were cut off\n",
    )
    database.close()
