"""Sharing across accounts: declared grants, observed shares, the plan and its actions."""
