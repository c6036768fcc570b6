"""Search: full records of own and discoverable resources."""
