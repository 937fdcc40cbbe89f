"""The health check: what a stage looks like, what that means, and the metrics that say so."""
