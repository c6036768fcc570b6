"""AWS Organizations, as far as sharing and condition keys use it."""
