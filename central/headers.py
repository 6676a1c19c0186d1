"""Security headers on every answer, also on refusals and errors."""

from starlette.datastructures import MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CSP = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
ALWAYS = {
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}
FAILED = JSONResponse({"code": "failed", "detail": "an error of the server"}, 500)
HSTS = "max-age=31536000"


class SecurityHeaders:
    """ASGI middleware, the outermost one."""

    def __init__(self, app: ASGIApp, https: bool) -> None:
        self._app = app
        self._headers = ALWAYS | ({"strict-transport-security": HSTS} if https else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def send_with_headers(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                # What people see after signing out must not be what they saw before.
                fixed = scope["path"].startswith("/static/")
                headers.setdefault("cache-control", "no-cache" if fixed else "no-store")
            await send(message)

        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            await self._app(scope, receive, send_with_headers)
        except Exception:
            # Answered here, since beyond this nobody adds the headers; the server logs the trace.
            if not begun:
                await FAILED(scope, receive, send_with_headers)
            raise
