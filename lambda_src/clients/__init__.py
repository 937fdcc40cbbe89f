"""What the functions ask: one module for each outside system. No use case is known here."""
