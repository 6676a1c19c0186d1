"""A box that signs its requests: `Authorization: Jinmu-Box key=…,time=…,sha256=…,sig=…`.

Why not mutual TLS: in the field a reverse proxy ends TLS in front of central, and what it says of
a client's certificate is a header that anybody could send. A signature over method, path, content
and moment passes through any proxy untouched, uses the key that signs the box's events, and makes
no token that could be stolen from a log. Within five minutes the same request may be repeated:
putting the same content under the name of its hash again changes nothing.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from central import store
from central.auth.rights import Principal
from central.signatures import judge_request
from edge.seal import read_authorization


def principal_of_box(
    session: Session, value: str, method: str, path: str, now: datetime
) -> Principal | None:
    """Which box signed the request, None when none did; `value` is the header without scheme.

    The content itself has not come yet: its sha256 in the header must be the one in the path,
    under which the content is checked when it is there.
    """
    signed = read_authorization(value, method, path)
    if signed is None:
        return None
    request, key_id, signature = signed
    key = store.find_key(session, key_id)
    if key is None or judge_request(request, signature, key, now.timestamp()) is not None:
        return None
    if path.rpartition("/")[2] != request.sha256:
        return None
    return Principal(f"{key.owner.site}/{key.owner.box}", "box", "box")
