"""What the templates share."""
