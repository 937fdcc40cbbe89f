"""The stand-in for Oracle: see README.md."""
