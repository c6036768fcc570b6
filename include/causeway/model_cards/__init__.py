"""Model cards: what is told about a model, where it comes from, and how it travels.

Two cards with two schemas: the standalone card in shared services, one per model and called as the
model's group, is the truth; the card inside a model package is its reduced copy at registration.
"""
