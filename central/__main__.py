"""`python -m central` is `jinmu-central`."""

from central.cli import main

main()
