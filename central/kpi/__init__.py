"""Key figures (指标) as folds over the transition log: the same log gives the same bytes. Pure.

`entry` is what is read, `story` what a case's log tells, `rules` what is counted how (a version),
`rates` a figure with all that stands behind it, `case_rates`, `appeal_rates` and `durations` the
figures, `report` all of them as canonical JSON.
"""
