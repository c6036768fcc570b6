"""Who is where: accounts and their roles, people, ARNs, stacks, and rules of access."""
