"""Tests of telling people: real servers, an injected clock."""
