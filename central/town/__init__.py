"""The town in files and in the database: imported with a dry run, kept in versions, loaded whole.

`words` are the Chinese and English names of columns and values, `files` reads CSV, XLSX and
GeoJSON into raw rows, `rows` are their checked shapes, `plan` says what an import would change,
`keeping` is the database, `importing` does it all in order.
"""
