"""Quality gates: their judges, the report, baselines for monitors, and metrics."""
