"""The health check: observe a stage, evaluate it, restart what failed, publish metrics, notify people."""
