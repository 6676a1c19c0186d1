"""Before the server starts: a town in which a case could stay without owner is not served."""

from datetime import datetime

from sqlalchemy.orm import Session

from central.routing.checks import problems
from central.town.keeping import bodies, newest_version, town_of


class TownUnsound(Exception):
    """The imported town is not sound; the text says what is missing, one line each."""


def check_at_start(session: Session, now: datetime) -> tuple[str, ...]:
    """What somebody should look at; nothing while no town was ever imported.

    Raises TownUnsound when a case could get no owner or no deadline.
    """
    version = newest_version(session)
    if version == 0:
        return ()
    found = problems(town_of(bodies(session), version), now)
    fatal = [one.what for one in found if one.fatal]
    if fatal:
        lines = "\n".join(f"  {text}" for text in fatal)
        raise TownUnsound(f"the town is not sound (see `jinmu-central town check`):\n{lines}")
    return tuple(one.what for one in found)
