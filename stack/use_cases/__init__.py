"""`make use-case` and `make check-use-case`: from a data file to a use case that can be trained.

`file_guess` reads a file and says how it is written, `column_guess` what a column holds,
`guesses` what follows for the use case, `drafting` writes the YAML with every guess marked.
`checking` collects what is wrong with a use case, `dry_run` trains it on this machine without AWS,
`joining` makes the dataset of that.
"""
