"""Training and processing jobs: their states, runs and logs."""
