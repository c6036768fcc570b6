"""What every service builds on: calls, operations, capabilities, the clock, ARNs, pages, tokens."""
