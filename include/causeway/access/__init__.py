"""Proof of access: who should reach what, who does, and what differs.

The preflight lists what the declared access needs (`checks`), reads what each account shows
(`sights`), foretells each call (`prediction`, with its `verdicts`), takes the probes' `answers` and
puts both side by side (`matrix`). The weekly review compares sights with the declaration
(`review`), judges what was used (`usage`) and writes it down (`review_report`). Quotas,
images and the organisation's policies are `surroundings`.
"""
