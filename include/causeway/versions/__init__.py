"""What a model version is.

`registry` is its record in the model registry, `stages` are its stages and their transitions,
`keys` say where the governance table keeps what is known of it.
"""
