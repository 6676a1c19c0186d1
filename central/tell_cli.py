"""`jinmu-central tell`: look at channels.yaml, and try a channel."""

from pathlib import Path
from typing import Annotated

import typer

from central.clock import utc_now
from central.commands import refusal, settings_of
from central.tell.adapters import make_adapter
from central.tell.book import AnyChannel, Book, load_book
from central.tell.message import NotSent, Outgoing
from central.yaml_file import FileFault

FAILED = 1

tellers = typer.Typer(no_args_is_help=True, help="Channels on which people are told.")
ChannelsFile = Annotated[
    Path | None, typer.Option("--channels-file", help="The file. [JINMU_CHANNELS_FILE]")
]


@tellers.command("check", epilog="Example:  jinmu-central tell check --channels-file channels.yaml")
def check(channels_file: ChannelsFile = None) -> None:
    """Read channels.yaml and say what is in it; 2 and a line per fault when it is wrong."""
    book = _book(channels_file)
    for channel in book.channels:
        rate = channel.lane.rate.per_minute
        typer.echo(f"{channel.name}\t{channel.kind}\tat most {rate} a minute")
    for party, lines in book.parties.items():
        typer.echo(f"{party}\thears on {', '.join(line.channel for line in lines) or 'nothing'}")


@tellers.command("test", epilog="Example:  jinmu-central tell test grid-robot")
def try_channel(
    channel: str,
    to: Annotated[str, typer.Option(help="Somebody else than the channel's own `to`.")] = "",
    channels_file: ChannelsFile = None,
) -> None:
    """Send one test message on a channel; 1 and the reason when it was not taken."""
    book = _book(channels_file)
    found = book.channel(channel)
    if found is None:
        known = ", ".join(one.name for one in book.channels) or "none"
        raise refusal(f"there is no channel '{channel}'; there is {known}")
    for recipient in [to] if to else _recipients(found):
        adapter = make_adapter(found, utc_now)
        try:
            adapter.send(_test_message(recipient))
        except NotSent as fault:
            typer.echo(f"{channel}: not sent: {fault}", err=True)
            raise typer.Exit(FAILED) from None
        finally:
            adapter.close()
    typer.echo(f"{channel}: sent")


def _book(channels_file: Path | None) -> Book:
    path = settings_of(channels_file=channels_file).channels_file
    if path is None:
        raise refusal("name the file: --channels-file channels.yaml, or JINMU_CHANNELS_FILE")
    try:
        return load_book(path)
    except FileFault as fault:
        raise refusal(str(fault)) from None


def _recipients(channel: AnyChannel) -> list[str]:
    return list(channel.to) if channel.one_by_one else ["|".join(channel.to)]


def _test_message(recipient: str) -> Outgoing:
    at = utc_now()
    text = "这是一条测试消息, 无需处置。 This is a test."
    return Outgoing(
        f"test-{at:%Y%m%d%H%M%S%f}", "test", recipient, "【测试】锦目", text, "", False, at
    )
