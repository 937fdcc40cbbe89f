"""Rotation: a changed secret reaches the workers, step by step, without a launch."""
