"""`POST /oauth/token`: the client credentials grant of OAuth 2."""

import base64
import binascii
from typing import Annotated, Literal
from urllib.parse import unquote_plus

from fastapi import APIRouter, Form, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from central.auth.oauth import Asks, OAuthRefused, exchange
from central.deps import Address, Data, Moment

router = APIRouter(tags=["exchange"])

STATUS = {"invalid_client": 401}


class TokenForm(BaseModel):
    """The form of RFC 6749 §4.4.2; the client may instead name itself by HTTP Basic."""

    grant_type: str = ""
    client_id: str = ""
    client_secret: str = ""
    scope: str = ""


class TokenOut(BaseModel):
    """The answer of RFC 6749 §5.1."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 the kind of token
    expires_in: int
    scope: str


class TokenError(BaseModel):
    """The answer of RFC 6749 §5.2."""

    error: str
    error_description: str


@router.post(
    "/oauth/token",
    summary="An access token for an hour, for the name and the secret of a lasting token",
    response_model=TokenOut,
    responses={400: {"model": TokenError}, 401: {"model": TokenError}},
)
def token(
    request: Request, data: Data, now: Moment, address: Address, form: Annotated[TokenForm, Form()]
) -> TokenOut | Response:
    if form.grant_type != "client_credentials":
        text = "grant_type must be client_credentials"
        return _error("unsupported_grant_type" if form.grant_type else "invalid_request", text)
    name, secret = _basic(request) or (form.client_id, form.client_secret)
    if "\x00" in name or "\x00" in form.scope:
        return _error("invalid_request", "a name holds no NUL")
    try:
        with data.write() as session:
            made = exchange(session, Asks(name, secret, form.scope, address), now)
    except OAuthRefused as refused:
        return _error(refused.error, str(refused))
    return TokenOut(access_token=made.token, expires_in=made.expires_in_s, scope=made.scope)


def _basic(request: Request) -> tuple[str, str] | None:
    """Name and secret of `Authorization: Basic`, each form-encoded as RFC 6749 §2.3.1 asks."""
    kind, _, coded = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        text = base64.b64decode(coded.strip(), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return "", ""
    name, _, secret = text.partition(":")
    return unquote_plus(name), unquote_plus(secret)


def _error(error: str, text: str) -> Response:
    status = STATUS.get(error, 400)
    headers = {"www-authenticate": "Basic"} if status == 401 else {}
    return JSONResponse({"error": error, "error_description": text}, status, headers)
