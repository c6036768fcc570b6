"""Links from tasks to pages elsewhere."""
