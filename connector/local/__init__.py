"""The local world: embedded AWS, Kafka, PostgreSQL and the stand-in for Fargate, all on loopback."""
