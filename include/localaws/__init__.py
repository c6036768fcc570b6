"""The embedded multi-account AWS: moto behind a gateway of our own."""
