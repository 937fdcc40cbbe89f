"""What hooks, resolvers and config/ share: everything that knows Sceptre's stacks."""
