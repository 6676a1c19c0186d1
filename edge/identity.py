"""The identity folder of a box, as `jinmu-central box enrol` made it."""

from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import NameOID

from edge.errors import ConfigError
from edge.signing import Signer, load_signer

CA_FILE = "ca.pem"
CERT_FILE = "box.pem"
KEY_FILE = "box.key"
SIGNING_FILE = "signing.key"
OPEN_TO_OTHERS = 0o077


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """What a TLS client shows: certificate and private key, both PEM files."""

    cert_file: Path
    key_file: Path


@dataclass(frozen=True, slots=True)
class BoxIdentity:
    """Who this box is and how it proves it."""

    ca_file: Path
    certificate: ClientCertificate
    signer: Signer


def load_identity(folder: Path, site: str, box: str) -> BoxIdentity:
    """The identity in the folder.

    Raises ConfigError when a file is missing or unsound, when a private key can be read by other
    users of the machine, and when the certificate is that of another box. An expired certificate
    is no reason not to start: the box goes on to watch and keeps what it decides.
    """
    for name in (KEY_FILE, SIGNING_FILE):
        _check_private(folder / name)
    signer = load_signer(folder / SIGNING_FILE)
    name = _name_in(folder / CERT_FILE)
    if name != f"{site}.{box}":
        raise ConfigError(f"{folder / CERT_FILE}: belongs to {name}, this box is {site}.{box}")
    if not (folder / CA_FILE).is_file():
        raise ConfigError(f"{folder / CA_FILE}: is missing")
    certificate = ClientCertificate(folder / CERT_FILE, folder / KEY_FILE)
    return BoxIdentity(folder / CA_FILE, certificate, signer)


def _check_private(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    if mode & OPEN_TO_OTHERS:
        raise ConfigError(f"{path}: other users can read it; run: chmod 600 {path}")


def _name_in(path: Path) -> str:
    """The common name in a certificate, with what is not printable shown as escapes."""
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError:
        raise ConfigError(f"{path}: is not a certificate in PEM") from None
    if len(names) != 1:
        raise ConfigError(f"{path}: names nobody, or several")
    return str(names[0].value)[:100]
