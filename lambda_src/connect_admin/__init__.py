"""The admin function: what hooks and the CLI ask of the inside of the VPC, one short request at a time."""
