"""Quality gates: may a candidate be registered?

`judges` has one judge for each kind of gate; `report` holds their results and the verdict over all;
`metrics` computes figures from a live endpoint's answers; `baselines` are bounds for monitors.
"""
