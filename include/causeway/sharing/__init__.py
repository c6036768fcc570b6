"""Sharing across accounts by AWS RAM and by resource policies.

`grants` works out what should be shared with whom; `shares` what RAM shows; `plan` compares the two
and yields `actions`; `permissions` picks the least permission; `acceptance` judges invitations.
Policies: `policies` merges statements by Sid, `group_policies` those of model groups,
`consumer_policies` those of consumers that the templates do not name.
"""
