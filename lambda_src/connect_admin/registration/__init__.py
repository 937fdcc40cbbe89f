"""The steps of a registration, from the cluster's check to the stage's record."""
