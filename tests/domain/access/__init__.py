"""Who may call what in AWS."""
