"""`jinmu-central package …`: evidence packages, checked by whoever received one."""

from pathlib import Path
from typing import Annotated

import typer

from central.commands import refusal
from central.intake import printable
from central.package.verifying import NoPackage, check_package

packages = typer.Typer(no_args_is_help=True, help="Evidence packages (证据包) of cases.")


@packages.callback()
def _group() -> None:
    """Evidence packages (证据包) of cases."""


@packages.command(
    "verify",
    epilog="Examples:  jinmu-central package verify FL-20261124-0007.zip  ·  "
    "jinmu-central audit show --limit 200 | grep package_exported   (hashes that were given out)",
)
def verify_package(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The ZIP.")],
) -> None:
    """Check sums, the manifest's hash, the chain of the log and the boxes' seals; 1 if not sound.

    It needs no database. That the manifest is one that central gave out, its audit log says.
    """
    try:
        found = check_package(file)
    except NoPackage as no:
        raise refusal(printable(str(no))) from None
    for fault in found.faults:
        typer.echo(printable(fault), err=True)
    if found.faults:
        raise typer.Exit(1)
    withheld = f" ({found.withheld} withheld)" if found.withheld else ""
    typer.echo(
        f"package of {printable(found.case_no)} sound: {found.files} files, log of "
        f"{found.log_rows} rows{withheld}, {found.signed} signed events; "
        f"manifest_sha256 {found.manifest_sha256}"
    )
