"""Which role may do what with which DAG: the table (`rules`), and how Airflow asks it."""
