"""The stand-in for Oracle: its JDBC driver, and the worker's directory that has it."""
