"""What every service builds on: calls and operations, state, the clock, ARNs, pages, tokens."""
