"""One more try for a message in quarantine, for the API and for the page."""

from central import store
from central.crash import crash_point
from central.deps import Config, Context


def try_again(context: Context, config: Config, number: int) -> store.Verdict:
    """In one transaction; people who look at cases and boxes hear of it."""
    again = store.Again(context.now, config.zone)
    with context.data.write() as session:
        store.sign(session, context.me.actor, context.address)
        verdict = store.retry_quarantined(session, number, again)
        crash_point("retry.before_commit")
    crash_point("retry.after_commit")
    for name in ("cases", "incidents", "boxes"):
        context.changed(name)
    return verdict
