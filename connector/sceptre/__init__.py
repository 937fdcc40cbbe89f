"""What hooks, resolvers and config/ share: all code that works with Sceptre's stacks."""
