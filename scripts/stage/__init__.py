"""Parts of the demo (scripts/demo_stage)."""
