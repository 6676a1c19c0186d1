"""`python -m edge` is `jinmu-edge`."""

from edge.cli import main

main()
