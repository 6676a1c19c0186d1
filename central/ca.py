"""The certificate authority that boxes, receivers and the broker belong to: own or the site's.

Elliptic curve P-256, certificates of 90 days, one list of what was revoked. The authority's key
is made at first use, is readable by its owner alone and never leaves its file.
"""

import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CA_LIFE = timedelta(days=3650)
CERT_LIFE = timedelta(days=90)
# A broker refuses everybody once its list is out of date. The list is replaced when somebody is
# revoked, not by the calendar, so that a forgotten renewal cannot silence every box of a city.
CRL_LIFE = timedelta(days=3650)
# A box's clock may be behind: what was made a moment ago must not be "not yet valid" there.
BACKDATED = timedelta(hours=1)
Use = Literal["client", "server"]
CaKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


class CaError(ValueError):
    """The authority cannot be used; the text says why and shows no key."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate as it is handed out and written down; `serial` is hexadecimal."""

    serial: str
    pem: bytes
    not_after: datetime


@dataclass(frozen=True, slots=True)
class Revoked:
    """One line of the list of revoked certificates."""

    serial: str
    at: datetime


class Authority:
    """A certificate and the key that signs for it."""

    def __init__(self, certificate: x509.Certificate, key: CaKey) -> None:
        self._certificate = certificate
        self._key = key
        self.pem = certificate.public_bytes(serialization.Encoding.PEM)

    def issue(
        self,
        name: str,
        public_key: ec.EllipticCurvePublicKey,
        now: datetime,
        use: Use = "client",
        life: timedelta = CERT_LIFE,
    ) -> Issued:
        """A certificate for `name`; a server's also names it as host or address."""
        not_after = min(now + life, self._certificate.not_valid_after_utc)
        builder = (
            x509.CertificateBuilder()
            .subject_name(_named(name))
            .issuer_name(self._certificate.subject)
            .public_key(public_key)
            .serial_number(secrets.randbits(158) | 1)
            .not_valid_before(now - BACKDATED)
            .not_valid_after(not_after)
        )
        for extension, critical in _extensions(name, use):
            builder = builder.add_extension(extension, critical)
        builder = builder.add_extension(self._authority_id(), False)
        builder = builder.add_extension(
            x509.SubjectKeyIdentifier.from_public_key(public_key), False
        )
        made = builder.sign(self._key, self._algorithm)
        pem = made.public_bytes(serialization.Encoding.PEM)
        return Issued(f"{made.serial_number:x}", pem, not_after)

    def revocation_list(self, revoked: Iterable[Revoked], now: datetime) -> bytes:
        """The list of revoked certificates in PEM, also when it is empty."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self._certificate.subject)
            .last_update(now - BACKDATED)
            .next_update(now + CRL_LIFE)
            .add_extension(x509.CRLNumber(int(now.timestamp() * 1000)), False)
            .add_extension(self._authority_id(), False)
        )
        for one in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(int(one.serial, 16))
            builder = builder.add_revoked_certificate(entry.revocation_date(one.at).build())
        made = builder.sign(self._key, self._algorithm)
        return made.public_bytes(serialization.Encoding.PEM)

    @property
    def _algorithm(self) -> hashes.SHA256 | None:
        return None if isinstance(self._key, ed25519.Ed25519PrivateKey) else hashes.SHA256()

    def _authority_id(self) -> x509.AuthorityKeyIdentifier:
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())


def own_authority(folder: Path, now: datetime) -> Authority:
    """The installation's own authority in the folder, made there at first use."""
    cert_file, key_file = folder / "ca.pem", folder / "ca.key"
    if not key_file.exists():
        _make(folder, now)
    return load_authority(cert_file, key_file)


def load_authority(cert_file: Path, key_file: Path) -> Authority:
    """An authority from PEM files; raises CaError."""
    try:
        certificate = x509.load_pem_x509_certificate(cert_file.read_bytes())
        key = serialization.load_pem_private_key(key_file.read_bytes(), None)
    except OSError as error:
        raise CaError(f"{error.filename}: cannot be read: {error.strerror}") from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise CaError(f"{cert_file} or {key_file}: not a certificate or plain key in PEM") from None
    if not isinstance(key, CaKey):
        raise CaError(f"{key_file}: only EC, RSA and Ed25519 keys can sign certificates here")
    if key.public_key() != certificate.public_key():
        raise CaError(f"{key_file} is not the key of {cert_file}")
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    except x509.ExtensionNotFound:
        raise CaError(f"{cert_file}: is not an authority's certificate") from None
    if not constraints.value.ca:
        raise CaError(f"{cert_file}: is not an authority's certificate")
    return Authority(certificate, key)


def new_key() -> ec.EllipticCurvePrivateKey:
    """A TLS key."""
    return ec.generate_private_key(ec.SECP256R1())


def private_pem(key: CaKey) -> bytes:
    """A private key as it is kept in a file that its owner alone can read."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def public_key_in(pem: bytes) -> ec.EllipticCurvePublicKey:
    """The key that a certificate of ours was made for."""
    key = x509.load_pem_x509_certificate(pem).public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise CaError("the certificate is not one of ours")
    return key


def write_private(path: Path, content: bytes) -> None:
    """Write a secret; readable by its owner alone from the first moment, complete or not there."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_public(path: Path, content: bytes) -> None:
    """Write what everybody may read; complete or not there, so that a broker never reads half."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    temporary.write_bytes(content)
    temporary.chmod(0o644)
    temporary.replace(path)


def _make(folder: Path, now: datetime) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = new_key()
    name = _named(f"Jinmu authority {secrets.token_hex(4)}")
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(secrets.randbits(158) | 1)
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + CA_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        .add_extension(usage, True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .sign(key, hashes.SHA256())
    )
    # The key last: where it is, the certificate is too.
    write_public(folder / "ca.pem", certificate.public_bytes(serialization.Encoding.PEM))
    write_private(folder / "ca.key", private_pem(key))


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _extensions(name: str, use: Use) -> list[tuple[x509.ExtensionType, bool]]:
    purpose = {"client": ExtendedKeyUsageOID.CLIENT_AUTH, "server": ExtendedKeyUsageOID.SERVER_AUTH}
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    found: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (usage, True),
        (x509.ExtendedKeyUsage([purpose[use]]), False),
    ]
    if use == "server":
        found.append((x509.SubjectAlternativeName([_host(name)]), False))
    return found


def _host(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)
