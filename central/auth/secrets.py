"""Making and comparing secrets; only hashes of them are ever kept."""

import hashlib
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

MIN_PASSWORD_CHARS = 10
MAX_PASSWORD_CHARS = 200
NO_PASSWORD = "!"  # noqa: S105 an account that nobody can sign in to
# Compared when there is no such user, so that the time does not tell. Hash of a random secret.
_NOBODY = (
    "$argon2id$v=19$m=19456,t=2,p=1$MP84hAlv5WzomaIXxW9hIw"
    "$VVeBOSV80J5zSRin5GDyOQfYM/OdH3hAMHkf241Lf+U"
)


def _hasher() -> PasswordHasher:
    """Argon2id with OWASP's memory of 19 MiB: forty sign-ins at once fit into any server."""
    return PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


def check_password_rules(password: str) -> None:
    """Raises ValueError with a text for people when a password is not good enough."""
    if len(password) < MIN_PASSWORD_CHARS:
        raise ValueError(f"at least {MIN_PASSWORD_CHARS} characters")
    if len(password) > MAX_PASSWORD_CHARS:
        raise ValueError(f"at most {MAX_PASSWORD_CHARS} characters")
    if len(set(password)) < 4:
        raise ValueError("at least 4 different characters")


def hash_password(password: str) -> str:
    """Argon2id hash to keep."""
    return _hasher().hash(password)


def password_is(password: str, known_hash: str | None) -> bool:
    """Whether the password belongs to the hash; takes as long when there is none."""
    try:
        matches = _hasher().verify(known_hash or _NOBODY, password[:MAX_PASSWORD_CHARS])
    except (VerifyMismatchError, VerificationError, InvalidHashError):
        return False
    return matches and known_hash is not None


def is_outdated(known_hash: str) -> bool:
    """Whether the hash was made with other parameters than today's."""
    return _hasher().check_needs_rehash(known_hash)


def new_secret() -> str:
    """256 random bits for a URL, cookie or header."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """What is kept of a random secret."""
    return hashlib.sha256(secret.encode()).hexdigest()
