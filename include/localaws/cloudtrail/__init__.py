"""CloudTrail: what was called, by whom, and whether it was allowed."""
