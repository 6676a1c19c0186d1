"""Clocks of cases: the working calendar, limits, deadlines. Pure: time is an argument.

`calendar` knows which days are worked, `limits` how long something may take and by which clock,
`ticking` counts along such a clock, `deadlines` makes due moments of what happened to a case,
`calendar_file` reads the calendar's data.
"""
