"""`jinmu-central`: serve, accounts of people, tokens of programs, database."""

import re
from pathlib import Path
from typing import Annotated

import typer

from central import store, upgrade
from central.account_cli import tokens, users
from central.audit import Broken, Head
from central.box_cli import boxes, receivers
from central.cases.states import CAMERA_MODES
from central.clock import utc_now
from central.commands import DatabaseUrl, DataDir, refusal, said_in_words, settings_of, work
from central.db import Database
from central.intake import printable
from central.log import set_up as set_up_log
from central.package_cli import packages
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
app.add_typer(packages, name="package")
app.add_typer(cameras, name="camera")


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
    retention: Annotated[
        bool | None,
        typer.Option("--retention", help="Delete pictures kept long enough (JINMU_RETAIN_…_DAYS)."),
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
