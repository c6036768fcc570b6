"""Governance of versions and use cases.

`gestures` are what people ask for, `registry_calls` the calls that CloudTrail recorded, and
`attribution` finds the one that made a gesture. `approvals` is the one guard that turns a gesture
into one of the `decisions`; `clearance` says whether these let a version into a stage now.
`version_plan` and `sync` plan what registry and table need, over the `attempts` to promote a
version, as the values of `sync_changes`; `table` writes and reads the items of stage records and
promotions. The life of use cases is beside it: `use_case_record` is what is recorded,
`use_case_words` what people say, `use_case_guard` who may let which use case into which stage, and
what its versions may enter then. `audit` is the chain of entries about all of these, `audit_heads`
tells whether somebody changed it.
"""
