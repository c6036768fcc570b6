"""Starts, shows and stops the whole stack on one machine: `make up`, `make status`, `make down`."""
