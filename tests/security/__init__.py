"""What SECURITY.md promises, tried out."""
