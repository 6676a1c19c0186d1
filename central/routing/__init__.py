"""Who has to do with a case: where it is, whose it is, which rule holds. Pure values in and out.

`crs` brings coordinates to WGS-84, `shapes` knows points and polygons, `grids` finds the grid of
a point, `bands` the times of rules and duties, `parties` organisations, people and places,
`rules` the most specific rule, `town` the route of a case, `checks` what is missing, `disputes`
what is returned again and again.
"""
