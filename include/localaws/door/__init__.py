"""The door: a request is authenticated, placed, validated, judged and served; faults enter here."""
