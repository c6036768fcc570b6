"""Models, endpoint configs, endpoints, and the servers that answer."""
