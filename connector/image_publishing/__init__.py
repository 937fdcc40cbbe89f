"""The Connect worker's container image: what is in it, how it is built, where it is published."""
