"""Operations on a stage from outside: each module is one, which a hook or a command calls."""
