"""Model files on disk: read whole, checked against the manifest's hash, explained in a line."""

import hashlib
from pathlib import Path

from pydantic import ValidationError

from edge.errors import ModelError


def verified(path: Path, sha256: str, obtain: str) -> bytes:
    """Content of `path`; ModelError with the remedy `obtain` when missing, unreadable, altered."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise ModelError(f"{path}: missing; get it with: {obtain}") from None
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror}") from None
    digest = hashlib.sha256(content).hexdigest()
    if digest != sha256:
        raise ModelError(
            f"{path}: sha256 is {digest[:12]}…, the manifest says {sha256[:12]}…; "
            f"get the right file with: {obtain}"
        )
    return content


def runtime_fault(error: Exception) -> str:
    """The first line of onnxruntime's message, without its own address in front."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].rsplit("] : ", 1)[-1][:200]


def manifest_fault(error: ValidationError) -> str:
    """The first thing that is wrong in a manifest, with its key."""
    fault = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in fault["loc"]) or "the file"
    more = error.error_count() - 1
    return f"{where}: {fault['msg']}" + (f" (and {more} more)" if more else "")
