"""What every invocation needs: its environment, its deadline, its log, and probes that run side by side."""
