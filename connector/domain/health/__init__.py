"""Whether a stage is healthy: what was observed, what is wrong, what may be done and who is notified."""
