"""What a stage is: its names, topics and record, who shares its cluster, what a teardown may delete."""
