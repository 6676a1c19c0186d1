"""`jinmu-central box …` and `receiver …`: identities of boxes and receivers."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from central import enrol, store
from central.clock import utc_now
from central.commands import DatabaseUrl, DataDir, refusal, said_in_words, settings_of, work_on
from central.intake import Sender
from central.settings import Settings

boxes = typer.Typer(no_args_is_help=True, help="Identities of boxes.")
receivers = typer.Typer(no_args_is_help=True, help="Identities of central's own receivers.")

Out = Annotated[Path, typer.Option(help="Folder for what is handed over; made if missing.")]
Days = Annotated[int, typer.Option(min=1, max=3650, help="Life of the certificate in days.")]
CaCert = Annotated[Path | None, typer.Option(help="Your authority's certificate. [own]")]
CaKey = Annotated[Path | None, typer.Option(help="Its private key, PEM without password.")]
NEXT = "then run scripts/mosquitto again and restart the broker"


@boxes.command(
    "enrol",
    epilog="Example:  jinmu-central box enrol pujin box-01 --out box-01/ "
    "--broker-url mqtts://broker.pujin:8883 --central-url https://jinmu.example",
)
def enrol_box(  # noqa: PLR0913 one parameter per option
    site: str,
    box: str,
    out: Out,
    replace: Annotated[
        bool, typer.Option("--replace", help="Give new keys to a box that has some.")
    ] = False,
    days: Days = 90,
    broker_url: Annotated[str, typer.Option(help="For the snippet.")] = "mqtts://BROKER:8883",
    central_url: Annotated[str, typer.Option(help="For the snippet. [public_url]")] = "",
    ca_cert: CaCert = None,
    ca_key: CaKey = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Make a box's certificate and signing key. Events of an enrolled box must be signed."""
    settings = _settings(data_dir, database_url, ca_cert, ca_key)
    sender = Sender(site, box)
    where = enrol.Where(broker_url, central_url or settings.public_url or "https://CENTRAL")
    with work_on(settings) as session:
        if store.standing(session, sender, "auto").enrolled and not replace:
            raise refusal(
                f"{site}/{box} is enrolled: `box renew` gives a new certificate, "
                "--replace gives new keys and ends the old ones"
            )
        desk = enrol.open_desk(settings, utc_now(), timedelta(days=days))
        ends = enrol.enrol_box(session, desk, sender, out, where)
        enrol.write_crl(session, desk)
    typer.echo(f"box {site}/{box} enrolled until {ends:%Y-%m-%d}: carry {out} to it ({NEXT})")


@boxes.command("list")
def list_boxes(data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Show every key that was given to a box."""
    now = utc_now()
    with work_on(settings_of(data_dir=data_dir, database_url=database_url)) as session:
        for one in store.list_enrolled(session):
            state = "active"
            if one.revoked_at is not None:
                state = f"revoked {one.revoked_at:%Y-%m-%d} ({one.reason})"
            elif one.not_after is not None:
                ended = "certificate ended" if one.not_after < now else "certificate until"
                state = f"active, {ended} {one.not_after:%Y-%m-%d}"
            since = f"{one.enrolled_at:%Y-%m-%d}"
            typer.echo(f"{one.site}/{one.box}\tkey {one.key_id}\tsince {since}\t{state}")


@boxes.command("renew", epilog="Example:  jinmu-central box renew pujin box-01 --out box-01/")
def renew_box(  # noqa: PLR0913 one parameter per option
    site: str,
    box: str,
    out: Out,
    days: Days = 90,
    ca_cert: CaCert = None,
    ca_key: CaKey = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Make a new certificate for the box's key: only box.pem is to be replaced there."""
    settings = _settings(data_dir, database_url, ca_cert, ca_key)
    name = store.certificate_name(Sender(site, box))
    with work_on(settings) as session:
        desk = enrol.open_desk(settings, utc_now(), timedelta(days=days))
        ends = enrol.renew(session, desk, name, out / "box.pem")
    typer.echo(f"box {site}/{box} renewed until {ends:%Y-%m-%d}: replace its box.pem")


@boxes.command("revoke", epilog="Example:  jinmu-central box revoke pujin box-01 --reason stolen")
def revoke_box(  # noqa: PLR0913 one parameter per option
    site: str,
    box: str,
    reason: Annotated[str, typer.Option(help="Why, for the audit log.")] = "",
    ca_cert: CaCert = None,
    ca_key: CaKey = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """End a box's identity: central refuses its events and uploads at once."""
    settings = _settings(data_dir, database_url, ca_cert, ca_key)
    with work_on(settings) as session:
        desk = enrol.open_desk(settings, utc_now())
        enrol.revoke_box(session, desk, Sender(site, box), reason)
        crl = enrol.write_crl(session, desk)
    typer.echo(f"box {site}/{box} revoked; list for the broker: {crl} ({NEXT})")


@boxes.command("verify", epilog="Example:  jinmu-central box verify pujin box-01")
def verify_chains(
    site: Annotated[str, typer.Argument(help="Only this site's box.")] = "",
    box: Annotated[str, typer.Argument(help="Only this box.")] = "",
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Compute every kept hash and signature anew; exit 1 when one is wrong. Gaps are shown."""
    sender = Sender(site, box) if site and box else None
    wrong = 0
    with work_on(settings_of(data_dir=data_dir, database_url=database_url)) as session:
        for chain in store.check_chains(session, sender):
            wrong += chain.faults_total
            typer.echo(
                f"{chain.site}/{chain.box}\t{chain.epoch}\tevents {chain.events}\t"
                f"signed {chain.sealed}\tjoints {chain.joints}\tgaps {chain.gaps}\t"
                f"wrong {chain.faults_total}"
            )
            for fault in chain.faults:
                typer.echo(f"  seq {fault.seq}: {fault.code} at event {fault.event_id}")
    if wrong:
        raise typer.Exit(1)


@receivers.command(
    "enrol",
    epilog="Example:  jinmu-central receiver enrol central-1 --out data/central/broker-identity",
)
def enrol_receiver(  # noqa: PLR0913 one parameter per option
    name: str,
    out: Out,
    days: Days = 365,
    ca_cert: CaCert = None,
    ca_key: CaKey = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Make a receiver's certificate; every receiver needs its own (JINMU_BROKER_IDENTITY)."""
    settings = _settings(data_dir, database_url, ca_cert, ca_key)
    with work_on(settings) as session:
        desk = enrol.open_desk(settings, utc_now(), timedelta(days=days))
        ends = enrol.enrol_receiver(session, desk, name, out)
        enrol.write_crl(session, desk)
    typer.echo(f"receiver {name} enrolled until {ends:%Y-%m-%d}: {out} ({NEXT})")


def _settings(
    data_dir: Path | None, database_url: str | None, ca_cert: Path | None, ca_key: Path | None
) -> Settings:
    with said_in_words():
        return settings_of(
            data_dir=data_dir, database_url=database_url, ca_cert=ca_cert, ca_key=ca_key
        )
