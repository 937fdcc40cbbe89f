"""IAM without AWS: whether policies allow a request, and the policies of rendered templates."""
