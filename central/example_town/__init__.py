"""An invented town for the demo and for trying things out; imported like any other."""
