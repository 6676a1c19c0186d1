"""A teller as a process of its own, to be killed: DATABASE_URL CHANNELS SHIFT_S.

SHIFT_S puts its clock forward, so that a test need not wait for the lease of a dead one.
"""

import sys
import threading
from datetime import datetime, timedelta
from pathlib import Path

from central.clock import utc_now
from central.db import Database
from central.metrics import make_metrics
from central.tell.book import load_book
from central.tell.sender import Tools
from central.tell.teller import Teller


def main() -> None:
    url, channels, shift_s = sys.argv[1], Path(sys.argv[2]), float(sys.argv[3])

    def now() -> datetime:
        return utc_now() + timedelta(seconds=shift_s)

    tools = Tools(
        Database(url), make_metrics(), now, lambda: 0.5, lambda _: None, lambda _: None, ""
    )
    teller = Teller(tools, load_book(channels))
    teller.start()
    threading.Event().wait()


main()
