"""Quality gates: may a candidate be registered?

`judges` has one judge for each kind of gate; `report` holds their results and the verdict over all;
`copies` are reports in the governance table; `baselines` are bounds for monitors.
"""
