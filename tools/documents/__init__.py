"""What keeps the documents true: tables made from the code, the site, and the moving picture.

`generate` writes every table that repeats the code, between its two marks; `tables`, `rooms` and
`command_line` make them. `site` is the hook by which MkDocs also finds the documents at the top of
the repository. `recording` runs a real job in a terminal, and `terminal` draws what it printed.
"""
