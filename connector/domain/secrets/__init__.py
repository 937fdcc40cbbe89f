"""What a stage's secrets mean, where they are looked for, and how their values stay out of texts."""
