"""The account's network as far as a stage depends on it: name servers, shared subnets, AWS's endpoints."""
