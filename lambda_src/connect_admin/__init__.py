"""The admin function: it serves hooks and the CLI inside the VPC, one short request at a time."""
