"""Who is where: accounts and their roles, connections, names, ARNs, stacks, and rules of access."""
