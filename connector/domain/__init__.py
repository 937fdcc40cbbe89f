"""The core: what a stage is, what its parts are called, what its secrets mean, how the connector is set.

Pure: nothing here opens a socket, reads a clock or an environment, or imports a package that is not in
Python's standard library, because the same modules run in tests, under Sceptre and inside the Lambda zip.
"""
