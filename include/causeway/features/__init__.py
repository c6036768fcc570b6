"""Feature groups in the feature store.

`groups` builds the requests that make them, `changes` what an existing one lacks; `event_times`
says which of two writes is later; `withheld` is a record that is kept out; `health` sums an
ingestion up; `discovery` finds groups across accounts; `enrichment` reads some records online.
"""
