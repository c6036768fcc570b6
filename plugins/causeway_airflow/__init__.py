"""Airflow's side of Causeway.

`operators`, `sensors`, `triggers` and `notifiers` declare; `tasks` has what a task does, without
Airflow; `hooks` are clients; `results` types what tasks hand over, `waits` what they wait for,
`parameters` reads a run's conf; `pages` and `links` are what people see.
"""
