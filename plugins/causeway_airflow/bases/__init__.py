"""What operators and sensors extend.

`operator` asks for hooks and turns errors into Airflow's, `waiting` owns every wait, `training` and
`promotion` know what the tasks of these areas share. None of them stands in a DAG itself.
"""
