"""Deployment of a version into an account.

`rollout` names what is asked for and judges the endpoint (one status is success); `leases` keeps
one run at a time on an endpoint and says what is live; `serving` tests a live endpoint.
"""
