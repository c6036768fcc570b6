"""CloudTrail: records of calls, their callers, and whether they were allowed."""
