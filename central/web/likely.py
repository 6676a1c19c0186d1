"""The box 可能是同一件 on the page of a case or an appeal."""

from central import auth, store
from central.cases.suggesting import may_merge
from central.web.render import Onlooker
from central.web.views import Likely


def likely_of(who: Onlooker, subject: str, found: store.Suggestions) -> Likely:
    """The box for whoever looks: everybody sees it, some may act on it."""
    folder = "appeals" if store.is_appeal(subject) else "cases"
    url = f"/{folder}/{subject}/suggestions"
    return Likely(
        subject=subject,
        url=url,
        items=found.items,
        dismissed=found.dismissed,
        may_link=auth.may(who.request.state.principal, "POST", url),
        may_merge=may_merge(who.person.role),
    )
