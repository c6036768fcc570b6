"""The use-case YAML, and what it may say.

`use_case` is what a file says, and `files` reads them; `raw_sources` are its raw files, each with
the groups that it fills; `contracts` are the raw columns and features (with the rule for a value),
`stores` where records lie, `published` where raw data comes from, `dataset_specs`,
`training_specs` and `gate_specs` the sections of a model, `people` whom it names.
"""
