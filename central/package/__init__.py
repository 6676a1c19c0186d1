"""The evidence package (证据包) of a case: all that is known of it, bound by hashes."""
