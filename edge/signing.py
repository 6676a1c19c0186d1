"""The box's signing key: Ed25519, kept in one file of its identity folder, never shown."""

from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from edge.errors import ConfigError
from edge.seal import Seal, SignedRequest, authorization, key_id_of, signed_bytes


class Signer:
    """Signs events and requests; safe for several threads. `repr` shows the public name only."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public_key = key.public_key().public_bytes_raw()
        self.key_id = key_id_of(self.public_key)

    def __repr__(self) -> str:
        return f"Signer({self.key_id})"

    def __reduce__(self) -> str:
        raise TypeError("a signing key is not to be copied about")

    def seal(self, prev: bytes, body: bytes) -> Seal:
        """Seal of an event; the same event always gets the same one. `prev` has 32 bytes."""
        return Seal(self.key_id, prev, self._key.sign(signed_bytes(prev, body)))

    def authorization(self, request: SignedRequest) -> str:
        """Value of the header `Authorization` of a request."""
        return authorization(request, self.key_id, self._key.sign(request.signed_bytes()))


def load_signer(path: Path) -> Signer:
    """Signer with the key in a PEM file; raises ConfigError, which shows the path alone."""
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ConfigError(f"{path}: is not an unencrypted private key in PEM") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError(f"{path}: is not an Ed25519 key")
    return Signer(key)
