"""Operators declare parameters; the body of each is a function of `causeway_airflow.tasks`."""
