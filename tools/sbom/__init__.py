"""What ships, as CycloneDX: the worker's image and the functions' zip. `make sbom` writes and checks both."""
