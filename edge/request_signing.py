"""How the box says at central's HTTP door who it is: by its signature, or by a bearer token."""

from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Protocol

import httpx

from edge.seal import SignedRequest
from edge.signing import Signer

UNAUTHORISED = 401
WORTH_MENDING = timedelta(seconds=30)


class Credentials(Protocol):
    """What goes into the headers of a request."""

    def headers(self, method: str, path: str, sha256: str, wall: datetime) -> dict[str, str]:
        """Headers for content of this sha256; `path` counts from central's root."""

    def refused(self, answer: httpx.Response, wall: datetime) -> None:
        """Central did not take the request: learn from its answer."""


class Token:
    """A bearer token, or nothing; raises ValueError, without the token in it, for a bad one."""

    def __init__(self, token: str | None) -> None:
        if token is not None and (not token.isascii() or not token.isprintable() or " " in token):
            raise ValueError("the token for central holds characters that no token has")
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}

    def headers(self, method: str, path: str, sha256: str, wall: datetime) -> dict[str, str]:  # noqa: ARG002 as every credential
        return self._headers

    def refused(self, answer: httpx.Response, wall: datetime) -> None:
        """A token does not get better."""


class Signature:
    """Signs every request with the box's key.

    Central takes only signatures of the last minutes. A box whose clock is wrong would never get
    rid of its pictures, so after a refusal it counts by central's clock (the `Date` of the
    answer). Somebody who forges that answer gains nothing but a signature with another time on
    it, over a request that may be repeated anyway.
    """

    def __init__(self, signer: Signer) -> None:
        self._signer = signer
        self._ahead = timedelta()

    def headers(self, method: str, path: str, sha256: str, wall: datetime) -> dict[str, str]:
        time_s = max(0, int((wall + self._ahead).timestamp()))
        request = SignedRequest(method, path, sha256, time_s)
        return {"Authorization": self._signer.authorization(request)}

    def refused(self, answer: httpx.Response, wall: datetime) -> None:
        if answer.status_code != UNAUTHORISED:
            return
        try:
            ahead = parsedate_to_datetime(answer.headers.get("date", "")) - wall
        except (ValueError, TypeError, OverflowError):
            return
        self._ahead = ahead if abs(ahead) > WORTH_MENDING else timedelta()
