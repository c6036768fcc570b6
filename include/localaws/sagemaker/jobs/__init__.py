"""Training and processing jobs: their states, their run, their log."""
