"""`jinmu-central import …` and `town …`: the town from files, its faults, its routes."""

import getpass
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.orm import Session

from central import store
from central.auth.limiting import limit_by_people, would_limit
from central.clock import utc_now
from central.commands import DatabaseUrl, DataDir, refusal, work
from central.intake import printable
from central.routing.checks import Problem, problems
from central.routing.codes import Codes
from central.routing.town import NoRule
from central.town import importing
from central.town.importing import Author, Prepared, Wish
from central.town.keeping import load_town, versions
from central.town.rows import PersonRow
from central.town.words import KINDS, Kind

imports = typer.Typer(no_args_is_help=True, help="Bring the town in from files.")
towns = typer.Typer(no_args_is_help=True, help="The town as it was imported.")

EXAMPLES: dict[Kind, str] = {
    "orgs": "orgs.csv --dry-run",
    "grids": "grids.geojson --crs GCJ-02 --dry-run",
    "places": "places.xlsx",
    "rules": "rules.csv --dry-run",
    "people": "people.xlsx --keep-missing",
    "codes": "codes.xlsx --dry-run",
    "calendar": "cn-2027.json",
}
HELP: dict[Kind, str] = {
    "orgs": "Organisations with their duty and channels (CSV, XLSX).",
    "grids": "Grids as polygons (GeoJSON, WGS-84 or GCJ-02).",
    "places": "Places with their point on the ground (GeoJSON, CSV, XLSX).",
    "rules": "Who leads, assists and hears of what, and within which limits (CSV, XLSX).",
    "people": "Members of organisations (CSV, XLSX).",
    "codes": "Event codes and the district's own code of each (CSV, XLSX).",
    "calendar": "Holidays and make-up workdays (JSON), for a new year without a new program.",
}


def _command(kind: Kind) -> Callable[..., None]:
    def run(  # noqa: PLR0913 one parameter per option
        file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
        dry_run: Annotated[
            bool, typer.Option("--dry-run", help="Show what would change, change nothing.")
        ] = False,
        keep_missing: Annotated[
            bool, typer.Option("--keep-missing", help="Keep rows that the file does not have.")
        ] = False,
        crs: Annotated[str, typer.Option(help="WGS-84 or GCJ-02. [what the file says]")] = "",
        data_dir: DataDir = None,
        database_url: DatabaseUrl = None,
    ) -> None:
        wish = Wish(kind, file, crs, keep_missing)
        with work(data_dir, database_url) as session:
            if dry_run:
                prepared = importing.prepare(session, wish, utc_now())
                _show(prepared)
                if kind == "people":
                    _show_limits(session, prepared)
                typer.echo("dry run: nothing was changed")
                return
            prepared, version = importing.make(session, wish, _author())
            if not prepared.plan.is_empty:
                counts = prepared.plan
                store.note_act(
                    session,
                    utc_now(),
                    "town_imported",
                    f"{kind} version {version}",
                    file=file.name,
                    sha256=prepared.file_sha256,
                    added=len(counts.added),
                    changed=len(counts.changed),
                    removed=len(counts.removed),
                )
            _show(prepared)
            if kind == "people":
                _limit_accounts(session)
            typer.echo(f"town version {version}")

    return run


for _kind in KINDS:
    _name = f"jinmu-central import {_kind} {EXAMPLES[_kind]}"
    imports.command(_kind, help=HELP[_kind], epilog=f"Example:  {_name}")(_command(_kind))


@imports.command("example", epilog="Example:  jinmu-central import example --data-dir demo")
def import_example(data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """The invented town that comes with the program, into an empty database."""
    with work(data_dir, database_url) as session:
        version = importing.make_example(session, _author())
        store.note_act(session, utc_now(), "town_imported", f"example version {version}")
    typer.echo(f"example town imported: town version {version}")


@towns.command("check", epilog="Example:  jinmu-central town check")
def check_town(data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Say what is wrong with the town; 1 when a case could stay without owner or deadline."""
    with work(data_dir, database_url) as session:
        town = load_town(session)
    found = problems(town, utc_now())
    _say(found)
    typer.echo(
        f"town version {town.version}: {len(town.atlas.grids)} grids, {len(town.places)} places, "
        f"{len(town.orgs)} organisations, {len(town.rules)} rules, {len(town.people)} people, "
        f"{len(town.codes.rows)} codes ({_mapped(town.codes)} with a district code)"
    )
    if any(one.fatal for one in found):
        raise typer.Exit(1)


@towns.command(
    "route",
    epilog="Example:  jinmu-central town route FL-0317 fire_lane blocked "
    "--at 2026-11-24T22:03:10+08:00",
)
def show_route(  # noqa: PLR0913 one parameter per option
    place: str,
    scene: str,
    severity: str,
    at: Annotated[str, typer.Option(help="RFC 3339 with offset. [now]")] = "",
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Who would get a case."""
    with work(data_dir, database_url) as session:
        town = load_town(session)
        try:
            route = town.route(place, scene, severity, _moment(at))
        except NoRule as error:
            raise refusal(f"{error}; `jinmu-central town check` says what is missing") from None
    limits, code = route.limits, town.codes.of(scene, severity)
    typer.echo(f"rule      {route.rule_id} (town version {route.grid_version})")
    typer.echo(f"code      {code.id or '-'} (district {code.district_code or '-'})")
    typer.echo(f"grid      {route.grid or '-'} ({route.grid_how}, {route.area_type})")
    typer.echo(f"lead      {route.lead}")
    typer.echo(f"assist    {', '.join(route.assist) or '-'}")
    typer.echo(f"inform    {', '.join(route.inform) or '-'}")
    typer.echo(f"limits    {limits.official}, red light {limits.internal}, {limits.verify}")
    typer.echo(f"escalate  after {'/'.join(map(str, limits.ladder.minutes))} minutes")
    if route.flags:
        typer.echo(f"look at   {', '.join(route.flags)}")


@towns.command("versions", epilog="Example:  jinmu-central town versions --limit 10")
def show_versions(
    limit: Annotated[int, typer.Option(min=1, help="How many of the newest.")] = 50,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Who imported what and when, the newest last."""
    with work(data_dir, database_url) as session:
        found = versions(session, limit)
    for one in reversed(found):
        added, changed, removed = one.counts
        when = one.source.at.isoformat(timespec="seconds")
        who, file = printable(one.source.actor), printable(one.source.file)
        counts = f"+{added} ~{changed} -{removed}"
        typer.echo(f"{one.number}\t{when}\t{who}\t{one.kind}\t{counts}\t{file}")


def _show_limits(session: Session, prepared: Prepared) -> None:
    people = [PersonRow.model_validate(body).value() for body in prepared.new.values()]
    for account, limits in would_limit(session, people):
        typer.echo(printable(f"account '{account}' would see only {', '.join(limits.grids)}"))


def _limit_accounts(session: Session) -> None:
    """Accounts that the file names with grids see only those from now on."""
    for account, limits in limit_by_people(session, load_town(session).people, utc_now()):
        typer.echo(printable(f"account '{account}' sees only {', '.join(limits.grids)}"))


def _show(prepared: Prepared) -> None:
    for line in prepared.plan.lines(prepared.new):
        typer.echo(printable(line))
    _say(prepared.problems)


def _say(found: tuple[Problem, ...]) -> None:
    for one in found:
        typer.echo(f"{'error' if one.fatal else 'warning'}: {printable(one.what)}", err=True)


def _mapped(codes: Codes) -> int:
    return sum(bool(row.district_code) for row in codes.rows)


def _moment(text: str) -> datetime:
    if not text:
        return utc_now()
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise refusal(f"--at: '{text}' is not a moment like 2026-11-24T22:03:10+08:00") from None
    if found.tzinfo is None:
        raise refusal("--at: give the offset, e.g. 2026-11-24T22:03:10+08:00")
    return found


def _author() -> Author:
    return Author(f"cli:{getpass.getuser()}", utc_now())
