"""The domain of Causeway: pure Python, no Airflow, no network, no clock it was not given."""
