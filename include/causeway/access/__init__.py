"""Proof of access: preflight (prediction, checks, verdicts, matrix), review, and usage."""
