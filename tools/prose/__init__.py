"""A linter for our English: `python -m tools.prose [FILE...]`, without files the whole repository.

`style.toml` is our style: the glossary, and phrases that make a reader stumble, each with what to
write instead. `passages` finds the prose in a file: a document's text, docstrings, comments,
messages. `style` holds each sentence against our rules and against proselint's.
"""
