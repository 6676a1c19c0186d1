"""`jinmu-central user …` and `token …`: accounts of people, keys of programs, and their limits."""

from typing import Annotated, cast

import typer
from sqlalchemy.orm import Session

from central import auth
from central.auth import limiting
from central.auth.rights import SCOPES, USER_ROLES, Scope, UserRole
from central.clock import utc_now
from central.commands import DatabaseUrl, DataDir, refusal, work
from central.sight import Limits, limits_of, read_limits
from central.town.keeping import load_town

users = typer.Typer(no_args_is_help=True, help="Accounts of people.")
tokens = typer.Typer(no_args_is_help=True, help="Keys of programs: boxes, other systems.")

Password = Annotated[
    str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True, help="Asked for.")
]
Grids = Annotated[
    list[str] | None,
    typer.Option("--grid", help="May see only this grid and those inside of it. Repeatable."),
]
Cameras = Annotated[
    list[str] | None,
    typer.Option("--camera", help="May see only this camera, SITE/BOX/STREAM. Repeatable."),
]
Everything = Annotated[bool, typer.Option("--all", help="May see everything again.")]


@users.command(
    "add",
    epilog="Examples:  jinmu-central user add zhang --role desk  ·  "
    "jinmu-central user add wang --role handler --org property-jinyuan --grid 310112123A",
)
def add_user(  # noqa: PLR0913 one parameter per option
    name: str,
    password: Password,
    role: Annotated[str, typer.Option(help=f"One of {', '.join(USER_ROLES)}.")] = "desk",
    org: Annotated[str, typer.Option(help="Organisation, for those who handle cases.")] = "",
    grid: Grids = None,
    camera: Cameras = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Make an account; without --grid and --camera it sees what the town's people say, else all."""
    with work(data_dir, database_url) as session:
        limits = _limits(session, grid, camera) or _of_town(session, name)
        auth.add_user(session, name, password, cast(UserRole, role), utc_now(), org, limits)
    typer.echo(f"user '{name}' added as {role}, sees {_told(limits)}")


@users.command(
    "limit",
    epilog="Examples:  jinmu-central user limit wang --grid 310112123A "
    "--camera pujin/box-01/gate-east  ·  jinmu-central user limit wang --all",
)
def limit_user(  # noqa: PLR0913 one parameter per option
    name: str,
    grid: Grids = None,
    camera: Cameras = None,
    everything: Everything = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Let an account see only these grids and cameras, from its next request on."""
    with work(data_dir, database_url) as session:
        limits = _limits_or_all(session, grid, camera, everything)
        limiting.limit_user(session, name, limits, utc_now())
    typer.echo(f"user '{name}' sees {_told(limits)}")


@users.command("list")
def list_users(data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Show all accounts."""
    with work(data_dir, database_url) as session:
        for user in auth.list_users(session):
            state = "disabled" if user.disabled else "active"
            sees = _told(limits_of(user.limits))
            made = f"since {user.created_at:%Y-%m-%d}"
            typer.echo(f"{user.name}\t{user.role}\t{state}\t{made}\t{sees}")


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


@tokens.command(
    "create",
    epilog="Examples:  jinmu-central token create box-01 --scope box  ·  "
    "jinmu-central token create partner --scope read --grid 310112123B",
)
def create_token(  # noqa: PLR0913 one parameter per option
    name: str,
    scope: Annotated[str, typer.Option(help=f"One of {', '.join(SCOPES)}.")],
    box: Annotated[str, typer.Option(help="SITE/BOX that a box's token is bound to.")] = "",
    grid: Grids = None,
    camera: Cameras = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Make a token and print it, this once: box uploads pictures, read reads, operate judges."""
    with work(data_dir, database_url) as session:
        limits = _limits(session, grid, camera)
        token = auth.create_token(session, name, cast(Scope, scope), utc_now(), box, limits)
    typer.echo(token)


@tokens.command("limit", epilog="Example:  jinmu-central token limit partner --grid 310112123B")
def limit_token(  # noqa: PLR0913 one parameter per option
    name: str,
    grid: Grids = None,
    camera: Cameras = None,
    everything: Everything = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Let a token, and those that OAuth gave for it, see only these grids and cameras."""
    with work(data_dir, database_url) as session:
        limits = _limits_or_all(session, grid, camera, everything)
        limiting.limit_token(session, name, limits, utc_now())
    typer.echo(f"token '{name}' sees {_told(limits)}")


@tokens.command("list")
def list_tokens(data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Show all tokens (not their secrets)."""
    with work(data_dir, database_url) as session:
        for token in auth.list_tokens(session):
            state = f"revoked {token.revoked_at:%Y-%m-%d}" if token.revoked_at else "active"
            sees = _told(limits_of(token.limits))
            made = f"since {token.created_at:%Y-%m-%d}"
            typer.echo(f"{token.name}\t{token.scope}\t{state}\t{made}\t{sees}")


@tokens.command("revoke", epilog="Example:  jinmu-central token revoke box-01")
def revoke_token(name: str, data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """End a token at once."""
    with work(data_dir, database_url) as session:
        auth.revoke_token(session, name, utc_now())
    typer.echo(f"token '{name}' revoked")


def _limits(session: Session, grids: list[str] | None, cameras: list[str] | None) -> Limits | None:
    if not grids and not cameras:
        return None
    limits = read_limits(grids or (), cameras or ())
    limiting.check_limits(session, limits)
    return limits


def _limits_or_all(
    session: Session, grids: list[str] | None, cameras: list[str] | None, everything: bool
) -> Limits | None:
    limits = _limits(session, grids, cameras)
    if everything == (limits is not None):
        raise refusal("give --grid or --camera, or --all for everything, not both")
    return limits


def _of_town(session: Session, account: str) -> Limits | None:
    return limiting.limits_in_town(load_town(session).people, account)


def _told(limits: Limits | None) -> str:
    if limits is None:
        return "everything"
    return "only " + (", ".join((*limits.grids, *limits.cameras)) or "nothing")
