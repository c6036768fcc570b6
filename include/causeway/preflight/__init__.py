"""Proof of access: what a consumer may do, predicted from policies and probed by calls.

`checks` says what is asked, `prediction` answers from what `sights` hold, `answers` reads what AWS
said to a probe, `matrix` puts both beside each other. See docs/access.md.
"""
