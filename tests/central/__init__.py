"""What the tests of central share: events, databases, a running server."""
