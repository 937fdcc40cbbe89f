"""The comparison of what the database holds with what its topics say. Pure."""
