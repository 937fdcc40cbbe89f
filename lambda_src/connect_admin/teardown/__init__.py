"""The steps of an ephemeral stage's teardown, each one short request."""
