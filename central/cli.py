"""`jinmu-central`: serve, accounts of people, tokens of programs, database."""

import re
from pathlib import Path
from typing import Annotated, cast

import typer

from central import auth, store, upgrade
from central.audit import Broken, Head
from central.auth.rights import SCOPES, USER_ROLES, Scope, UserRole
from central.box_cli import boxes, receivers
from central.cases.states import CAMERA_MODES
from central.clock import utc_now
from central.commands import DatabaseUrl, DataDir, refusal, said_in_words, settings_of, work
from central.db import Database
from central.intake import printable
from central.log import set_up as set_up_log
from central.serve import CannotServe
from central.serve import serve as run_server
from central.tell_cli import tellers
from central.town_cli import imports, towns
from edge.events import SLUG

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Jinmu's server: from events to cases.",
)
users = typer.Typer(no_args_is_help=True, help="Accounts of people.")
tokens = typer.Typer(no_args_is_help=True, help="Keys of programs: boxes, other systems.")
audits = typer.Typer(no_args_is_help=True, help="The log of who did what.")
databases = typer.Typer(no_args_is_help=True, help="The database.")
cameras = typer.Typer(no_args_is_help=True, help="How far each camera is trusted.")
app.add_typer(boxes, name="box")
app.add_typer(receivers, name="receiver")
app.add_typer(imports, name="import")
app.add_typer(towns, name="town")
app.add_typer(tellers, name="tell")
app.add_typer(users, name="user")
app.add_typer(tokens, name="token")
app.add_typer(databases, name="db")
app.add_typer(audits, name="audit")
app.add_typer(cameras, name="camera")

Password = Annotated[
    str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True, help="Asked for.")
]


@app.command(
    epilog="Examples:  jinmu-central serve  ·  "
    "jinmu-central serve --broker-url mqtt://10.0.0.5 --public-url https://jinmu.example  ·  "
    "JINMU_DATABASE_URL=postgresql://jinmu@db/jinmu jinmu-central serve --host 0.0.0.0"
)
def serve(  # noqa: PLR0913 one parameter per option
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    broker_url: Annotated[
        str | None, typer.Option(help="Any MQTT 5 broker. [mqtt://127.0.0.1:1883]")
    ] = None,
    site: Annotated[str | None, typer.Option(help="Receive only this site. [all]")] = None,
    share: Annotated[
        str | None, typer.Option(help="Group of receivers that share the events (PostgreSQL).")
    ] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on. [127.0.0.1]")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on, 0: any free. [8000]")] = None,
    public_url: Annotated[
        str | None, typer.Option(help="How browsers reach it; https:// hardens the cookies.")
    ] = None,
    trusted_proxy: Annotated[
        str | None, typer.Option(help="Address of the reverse proxy in front, if any.")
    ] = None,
    timezone: Annotated[
        str | None, typer.Option(help="Calendar of case numbers. [Asia/Shanghai]")
    ] = None,
    demo_login: Annotated[
        bool | None,
        typer.Option("--demo-login", help="Log visitors of this machine in. Loopback only."),
    ] = None,
    require_signatures: Annotated[
        str | None, typer.Option(help="auto: once any box is enrolled; always; never. [auto]")
    ] = None,
    broker_identity: Annotated[
        Path | None, typer.Option(help="Folder of `receiver enrol`, for an mqtts broker.")
    ] = None,
    channels_file: Annotated[
        Path | None, typer.Option(help="channels.yaml: who is told on which channel.")
    ] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning, error.")] = None,
) -> None:
    """Receive events, file cases, show them. Options may also stand in JINMU_… variables."""
    settings = settings_of(**locals())
    set_up_log(settings.log_level)
    try:
        run_server(settings)
    except CannotServe as error:
        raise refusal(str(error)) from None


@users.command("add", epilog="Example:  jinmu-central user add zhang --role desk")
def add_user(  # noqa: PLR0913 one parameter per option
    name: str,
    password: Password,
    role: Annotated[str, typer.Option(help=f"One of {', '.join(USER_ROLES)}.")] = "desk",
    org: Annotated[str, typer.Option(help="Organisation, for those who handle cases.")] = "",
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Make an account."""
    with work(data_dir, database_url) as session:
        auth.add_user(session, name, password, cast(UserRole, role), utc_now(), org)
    typer.echo(f"user '{name}' added as {role}")


@users.command("list")
def list_users(data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Show all accounts."""
    with work(data_dir, database_url) as session:
        for user in auth.list_users(session):
            state = "disabled" if user.disabled else "active"
            typer.echo(f"{user.name}\t{user.role}\t{state}\tsince {user.created_at:%Y-%m-%d}")


@users.command("disable", epilog="Example:  jinmu-central user disable zhang")
def disable_user(name: str, data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Lock an account; its open sessions end at once."""
    with work(data_dir, database_url) as session:
        auth.set_disabled(session, name, True, utc_now())
    typer.echo(f"user '{name}' disabled")


@users.command("enable")
def enable_user(name: str, data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Open a locked account again."""
    with work(data_dir, database_url) as session:
        auth.set_disabled(session, name, False, utc_now())
    typer.echo(f"user '{name}' enabled")


@users.command("password", epilog="Example:  jinmu-central user password zhang")
def change_password(
    name: str, password: Password, data_dir: DataDir = None, database_url: DatabaseUrl = None
) -> None:
    """Set a new password; open sessions end at once."""
    with work(data_dir, database_url) as session:
        auth.set_password(session, name, password, utc_now())
    typer.echo(f"password of '{name}' changed")


@users.command("sign-out", epilog="Example:  jinmu-central user sign-out zhang")
def sign_out_user(name: str, data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """End all sessions of a user, wherever they are open."""
    with work(data_dir, database_url) as session:
        ended = auth.sign_out_everywhere(session, name, utc_now())
    typer.echo(f"user '{name}' signed out of {ended} browser(s)")


@tokens.command("create", epilog="Example:  jinmu-central token create box-01 --scope box")
def create_token(
    name: str,
    scope: Annotated[str, typer.Option(help=f"One of {', '.join(SCOPES)}.")],
    box: Annotated[str, typer.Option(help="SITE/BOX that a box's token is bound to.")] = "",
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Make a token and print it, this once: box uploads pictures, read reads, operate judges."""
    with work(data_dir, database_url) as session:
        token = auth.create_token(session, name, cast(Scope, scope), utc_now(), box)
    typer.echo(token)


@tokens.command("list")
def list_tokens(data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Show all tokens (not their secrets)."""
    with work(data_dir, database_url) as session:
        for token in auth.list_tokens(session):
            state = f"revoked {token.revoked_at:%Y-%m-%d}" if token.revoked_at else "active"
            typer.echo(f"{token.name}\t{token.scope}\t{state}\tsince {token.created_at:%Y-%m-%d}")


@tokens.command("revoke", epilog="Example:  jinmu-central token revoke box-01")
def revoke_token(name: str, data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """End a token at once."""
    with work(data_dir, database_url) as session:
        auth.revoke_token(session, name, utc_now())
    typer.echo(f"token '{name}' revoked")


@databases.command(
    "upgrade",
    epilog="Example:  jinmu-central db upgrade --database-url postgresql://jinmu@db/jinmu",
)
def upgrade_database(data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Bring the database to the tables of this version. Make a backup first."""
    settings = settings_of(data_dir=data_dir, database_url=database_url)
    with said_in_words():
        before, after = upgrade.upgrade(Database(settings.database))
    done = "is up to date" if before == after else f"upgraded from {before or 'nothing'}"
    typer.echo(f"database {done}: revision {after}")


@databases.command("verify", epilog="Example:  jinmu-central db verify")
def verify_database(data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Check the logs of all cases: chains unbroken, no number missing, states as the logs say."""
    with work(data_dir, database_url) as session:
        faults = list(store.check_logs(session))
        number = store.count_cases(session).all
    for case_no, broken in faults:
        typer.echo(f"{case_no} row {broken.number}: {broken.why}", err=True)
    if faults:
        raise typer.Exit(1)
    typer.echo(f"logs of {number} cases unbroken, states and deadlines as they say")


@cameras.command("list")
def list_cameras(data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Show each camera's mode, its verdicts, and the mode it has earned."""
    with work(data_dir, database_url) as session:
        for one in store.list_cameras(session):
            record = one.record
            share = "-" if record.precision is None else f"{record.precision:.1%}"
            earned = f"\tearned: {one.proposed}" if one.proposed else ""
            name = f"{one.site}/{one.box}/{one.stream}"
            typer.echo(f"{name}\t{one.mode}\t{record.reviewed} judged\t{share} true{earned}")


@cameras.command("mode", epilog="Example:  jinmu-central camera mode pujin/box-01/gate-east auto")
def set_camera_mode(
    camera: Annotated[str, typer.Argument(help="SITE/BOX/STREAM.")],
    mode: Annotated[str, typer.Argument(help=f"One of {', '.join(CAMERA_MODES)}.")],
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Let a camera only record (shadow), ask the desk (confirm), or file by itself (auto)."""
    names = tuple(camera.split("/"))
    if len(names) != 3 or not all(re.fullmatch(SLUG, name) for name in names):
        raise refusal("a camera is named SITE/BOX/STREAM, each of a-z, 0-9 and -")
    if mode not in CAMERA_MODES:
        raise refusal(f"a mode is one of {', '.join(CAMERA_MODES)}")
    site, box, stream = names
    with work(data_dir, database_url) as session:
        key = (site, box, stream)
        store.set_camera_mode(session, key, mode, "console", utc_now())
    typer.echo(f"camera {camera}: {mode}")


@audits.command(
    "verify",
    epilog="Example:  jinmu-central audit verify  ·  "
    "jinmu-central audit verify --head 1204:9f86d081… (a head that was written down before)",
)
def verify_audit(
    head: Annotated[
        str, typer.Option(help="NUMBER:HASH of an earlier run; it must still be in the log.")
    ] = "",
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Check the chain of the audit log; 1 and the first broken row when it was tampered with."""
    expected = _read_head(head)
    with work(data_dir, database_url) as session:
        found = store.verify_audit(session, expected)
    if isinstance(found, Broken):
        typer.echo(f"audit log broken at row {found.number}: {found.why}", err=True)
        raise typer.Exit(1)
    typer.echo(f"audit log unbroken: {found.number} rows, head {found.number}:{found.hash}")


@audits.command("show", epilog="Example:  jinmu-central audit show --limit 200")
def show_audit(
    limit: Annotated[int, typer.Option(min=1, help="How many of the newest rows.")] = 50,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Show the newest rows, the newest last."""
    with work(data_dir, database_url) as session:
        rows = store.list_audit(session, limit)
    for row in reversed(rows):
        at = row.at.isoformat(timespec="seconds")
        texts = (row.actor or "-", row.action, row.subject or "-", row.address or "-", row.detail)
        typer.echo("\t".join((str(row.number), at, *map(printable, texts))))


def main() -> None:
    """Entry point of the console script."""
    app()


def _read_head(text: str) -> Head:
    number, colon, digest = text.partition(":")
    if not text:
        return Head()
    if not colon or not number.isdecimal() or len(digest) != 64:
        raise refusal("--head looks like 1204:9f86d081… with all 64 digits, as verify prints it")
    return Head(int(number), digest)
