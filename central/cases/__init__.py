"""Cases (案件) as values: states, the table of what may happen to them, their log, their timers."""
