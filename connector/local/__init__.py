"""The local world: embedded AWS, Kafka, the stand-ins for Oracle and Fargate, all on loopback."""
