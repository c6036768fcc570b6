"""Governance of versions.

`approvals` is the one guard that turns a gesture into a decision; `attribution` finds the API call
that made the gesture; `sync` plans what registry and table need, as the values of `sync_changes`;
`table` writes and reads the items of stage records, decisions and promotions.
"""
