"""Errors of the box.

EdgeError
├── ConfigError    refuse to start: names file, line, key and what is allowed
├── ModelError     refuse to start: model file missing, altered or of another shape
└── SourceLost     a stream broke or could not be opened: retried for ever
"""


class EdgeError(Exception):
    """Anything the box can say in one line to the person who runs it."""


class ConfigError(EdgeError):
    """The configuration cannot be used."""


class ModelError(EdgeError):
    """The model cannot be used."""


class SourceLost(EdgeError):
    """A stream ended or could not be opened; the text carries no credentials."""
