"""What a model version is: its registry record, its stages and their transitions."""
