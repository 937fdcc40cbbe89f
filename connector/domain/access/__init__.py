"""Access: which AWS calls are made, and what AWS asks IAM before it answers each."""
