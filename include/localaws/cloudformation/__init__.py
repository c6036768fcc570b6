"""The local AWS's own cloudformation."""
