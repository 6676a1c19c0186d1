"""The canonical bytes of a package's manifest, and the hash over them. Pure.

Canonical is UTF-8 JSON with sorted keys and no spaces; `manifest_sha256` is the SHA-256 of these
bytes without that member, so a manifest carries its own seal. A package is not chained to that of
the case before it: the rows of the case's log are, from its first row to the number before, and
the audit log, a chain itself, holds the hash of every manifest that was ever given out.
"""

import hashlib
import json
from typing import Any

from central.package.shapes import FilePart, Package

SEAL = "manifest_sha256"


def sealed(package: Package, files: tuple[FilePart, ...] = ()) -> Package:
    """The package with these files and the hash of its own content."""
    package = package.model_copy(update={"files": files})
    return package.model_copy(update={SEAL: seal_of(_plain(package))})


def to_bytes(package: Package) -> bytes:
    """The canonical bytes of the whole manifest, its seal included."""
    return _dumped(_plain(package))


def read_plain(content: bytes) -> dict[str, Any]:
    """A manifest from untrusted bytes, as plain values; raises ValueError for what is no object."""
    try:
        found = json.loads(content)
    except RecursionError:
        raise ValueError("nested too deep") from None
    if not isinstance(found, dict) or SEAL not in found:
        raise ValueError(f"a manifest is an object with {SEAL}")
    return found


def seal_of(manifest: dict[str, Any]) -> str:
    """What `manifest_sha256` of this manifest, as read from JSON, has to be."""
    said = {name: value for name, value in manifest.items() if name != SEAL}
    return hashlib.sha256(_dumped(said)).hexdigest()


def _plain(package: Package) -> dict[str, Any]:
    return package.model_dump(mode="json", by_alias=True)


def _dumped(manifest: dict[str, Any]) -> bytes:
    text = json.dumps(
        manifest, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    )
    return text.encode()
