"""Notifiers: who is told, and how."""
