"""Proof of access: the preflight (prediction, checks, verdicts, matrix) and the review."""
