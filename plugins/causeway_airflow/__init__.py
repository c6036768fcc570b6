"""Thin Airflow adaptors around the domain: hooks, operators, sensors, triggers."""
