"""What the plugin serves beside Airflow's own pages: routes of the API server."""
