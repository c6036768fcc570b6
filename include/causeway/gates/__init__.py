"""Quality gates: may a candidate be registered?

`judges` has one judge for each kind of gate; `report` holds their results and the verdict over all;
`baselines` are bounds for monitors.
"""
