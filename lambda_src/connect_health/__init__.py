"""The health check: what is seen of a stage, what that means, and the metrics that say so."""
