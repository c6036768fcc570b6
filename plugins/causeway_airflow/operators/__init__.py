"""Operators: declare parameters, call one domain function and one hook, return a small result."""
