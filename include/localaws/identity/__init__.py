"""Who signs a request and what they may do: credentials, STS, authorisation."""
