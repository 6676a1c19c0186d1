"""Refusals: a page with words for people, JSON for programs and for our own script."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from central.auth.rights import is_for_programs
from central.clock import Now
from central.web.render import onlooker, render

WORDS = {
    "csrf": "error.csrf",
    "forbidden": "error.forbidden",
    "cross_site": "error.cross_site",
    "not_found": "error.no_page",
    "wrong_method": "error.no_page",
    "invalid": "error.request",
    "too_large": "error.request",
    "refused": "error.request",
}
RETRY_AFTER_S = 5


def answer_error(now: Now, request: Request, status: int, code: str, text: str) -> Response:
    """The refusal in the form that its reader can use; `text` is for programs."""
    if wants_page(request):
        who = onlooker(request, now())
        key = WORDS.get(code, "error.busy" if status >= 503 else "error.failed")
        answer: Response = render(who, "pages/error.html", status, text=who.words(key))
    else:
        answer = JSONResponse({"code": code, "detail": text}, status_code=status)
    if status >= 503:
        answer.headers["retry-after"] = str(RETRY_AFTER_S)
    return answer


def wants_page(request: Request) -> bool:
    """Whether a person's browser asks for a page, not our script for a part of one."""
    return (
        "text/html" in request.headers.get("accept", "")
        and "hx-request" not in request.headers
        and not is_for_programs(request.url.path)
    )
