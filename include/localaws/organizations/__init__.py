"""AWS Organizations, as far as sharing and condition keys need it."""
