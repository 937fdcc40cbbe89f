"""The side door's own small grammar, for people and tests.

The connector's statements do not come here: the server answers them one by one. What is not in this grammar
is refused by name (ORA-00900), never guessed.
"""
