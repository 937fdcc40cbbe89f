"""Figures, not tests: what they say depends on the machine."""
