"""What checks and describes this repository; nothing of it is packed or installed.

`programs` finds programs that `make install` can't bring, and says which are missing. `documents`
writes what repeats the code in the documents, builds their site, and records README's picture.
`prose` lints the English of documents, docstrings, comments and messages.
"""
