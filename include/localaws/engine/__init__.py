"""What is moto's, behind our own door, and what moto leaves undone beside it."""
