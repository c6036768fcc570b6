"""Model cards: what is said about a model, where it comes from, and how it travels.

There are two cards with two schemas. The standalone card in shared services, one per model and
named like the model's group, is authoritative; the card inside a model package is its reduced copy
at registration.
"""
