"""What tasks do: plain functions over hooks and typed values, without Airflow.

An operator declares its parameters and calls one of these in `perform`. Everything a module needs
is imported at its top; what one task hands to another is typed in `causeway_airflow.results`.
"""
