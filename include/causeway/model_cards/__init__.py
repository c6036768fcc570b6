"""Model cards: what is said about a model, where it comes from, and how it travels.

`fields` says where each field comes from, `content` composes them, `schema` checks them,
`lifecycle` plans the updates of a hand-over, `spokes` the copies that accounts keep, `export` the
PDF.

There are two cards with two schemas. The standalone card in shared services, one per model and
named like the model's group, is authoritative; the card inside a model package is its reduced copy
at registration.
"""
