"""Who may do what: one table, pure; what is not in it is refused.

Which route somebody reaches is decided here; what they may do with a case there, by the table of
the workflow (`central.cases.table`). Which cases there are for somebody with limits, their
`Limits` say (`central.sight`): behind the routes what lies outside of them does not exist.
"""

import re
from dataclasses import dataclass
from typing import Literal, cast, get_args

from central.cases.states import Role
from central.sight import Limits

UserRole = Literal[
    "observer", "desk", "dispatcher", "handler", "verifier", "leader", "administrator"
]
Scope = Literal["box", "read", "operate"]
USER_ROLES: tuple[UserRole, ...] = get_args(UserRole)
SCOPES: tuple[Scope, ...] = get_args(Scope)

READ = frozenset({"GET", "HEAD"})
POST = frozenset({"POST"})
UPLOAD = frozenset({"PUT", "HEAD"})
ANY = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"})

PUBLIC_PATHS = ("/login", "/setup", "/healthz", "/oauth/token")
NAMELESS_PATHS = ("/healthz",)  # answered without looking into the database
PUBLIC_FOLDER = "/static/"
_SERVICES = re.compile(r"/open311/v2/(discovery|services|services/[^/]{1,40})\.(xml|json)")
"""GeoReport v2: whoever wants to report first asks what there is. Our cases stay behind a key."""
PROGRAM_PATHS = ("/api/", "/events", "/metrics", "/open311/")
WHOLE = ("/metrics",)
"""What counts everything there is: not for those who may see but a part of it."""
KEY_PATHS = "/open311/"
"""Where a token may also come as `api_key`, in the address or in the form."""


@dataclass(frozen=True, slots=True)
class Grant:
    """These methods on the paths that the pattern matches as a whole."""

    methods: frozenset[str]
    pattern: re.Pattern[str]


def _grant(methods: frozenset[str], pattern: str) -> Grant:
    return Grant(methods, re.compile(pattern, re.DOTALL))


_PICTURE = r"/api/v1/evidence/[^/]*"
_PAGES = _grant(ANY, r"/(?!api/).*")
_API = _grant(ANY, r"/api/(?!v1/evidence/).*")
_API_READ = _grant(READ, r"/api/(?!v1/evidence/).*")
_HINTS = _grant(READ, r"/(events|metrics)")
_JUDGE = _grant(POST, r"/api/v1/cases/.*")
_PAGES_READ = _grant(READ, r"/(?!api/|cases/new\Z).*")
_LEAVE = _grant(POST, r"/logout(/everywhere)?")
_ACT = _grant(
    POST, r"/(cases/[^/]*/(verdict|handled|hold|suggestions)|appeals/[^/]*/(act|suggestions))"
)
# Appeals are entered at the desk or by programs; duties towards them are whoever's work they are.
_APPEALS = _grant(POST, r"/api/v1/appeals/.*")
_ADD_APPEAL = _grant(POST, r"/api/v1/appeals")
_ADD_CASE = _grant(POST, r"/api/v1/cases")
# Trusting a camera to file by itself is not for the desk whose verdicts it rests on.
_DESK_PAGES = _grant(ANY, r"/(?!api/|cameras/).*")
_DESK_API = _grant(ANY, r"/api/(?!v1/evidence/|v1/cameras/).*")
_OPEN311 = _grant(READ, r"/open311/.*")
_OPEN311_POST = _grant(POST, r"/open311/.*")
_SHOWN = (_grant(READ, rf"{_PICTURE}/(shown|thumbnail)"), _grant(POST, rf"{_PICTURE}/links"))
# The bytes as the box sent them: for those who keep evidence. Browsers are shown renditions.
_ORIGINAL = _grant(READ, _PICTURE)
_UPLOAD = _grant(UPLOAD, _PICTURE)

RIGHTS: dict[str, tuple[Grant, ...]] = {
    "administrator": (_PAGES, _API, *_SHOWN, _ORIGINAL),
    "desk": (_DESK_PAGES, _DESK_API, *_SHOWN),
    **dict.fromkeys(
        ("dispatcher", "handler", "verifier", "leader"),
        (_PAGES_READ, _LEAVE, _ACT, _API_READ, _JUDGE, _APPEALS, *_SHOWN),
    ),
    "observer": (_PAGES_READ, _LEAVE, _API_READ, *_SHOWN),
    "box": (_UPLOAD,),
    "read": (_API_READ, _HINTS, *_SHOWN, _ORIGINAL, _OPEN311),
    "operate": (
        *(_API_READ, _HINTS, *_SHOWN, _ORIGINAL, _JUDGE),
        *(_APPEALS, _ADD_APPEAL, _ADD_CASE, _OPEN311, _OPEN311_POST),
    ),
}
"""Role or scope -> what it may. Pictures are put by boxes alone."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who proved who they are; `role` is a person's role or a token's scope.

    `by_link`: proved by a signed address alone, good for nothing but that address. `limits`: the
    grids and cameras beyond which nothing is there for them; None: they see all.
    """

    name: str
    kind: Literal["user", "token", "box"]
    role: str
    csrf_token: str = ""
    by_link: bool = False
    org: str = ""
    limits: Limits | None = None

    @property
    def actor(self) -> str:
        """Name in logs; no user's name has a colon."""
        return self.name if self.kind == "user" else f"{self.kind}:{self.name}"


def case_role(principal: Principal) -> Role:
    """A principal's role in the workflow; a program that operates works at the desk."""
    if principal.kind == "user" and principal.role in USER_ROLES:
        return cast(Role, principal.role)
    return "desk" if principal.role == "operate" else "observer"


def is_public(path: str) -> bool:
    """Whether a path is open to everybody."""
    named = path in PUBLIC_PATHS or path.startswith(PUBLIC_FOLDER)
    return named or _SERVICES.fullmatch(path) is not None


def is_for_programs(path: str) -> bool:
    """Whether a path answers with data (401) rather than with a page (redirect to the login)."""
    return path.startswith(PROGRAM_PATHS)


def may(principal: Principal, method: str, path: str) -> bool:
    """Whether the table lets this principal do this."""
    if principal.limits is not None and path in WHOLE:
        return False
    grants = RIGHTS.get(principal.role, ())
    return any(method in grant.methods and grant.pattern.fullmatch(path) for grant in grants)
