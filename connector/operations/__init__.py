"""What is done to a stage from outside: each module is one operation, which a hook or a command calls."""
