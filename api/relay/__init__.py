"""The relay: one log, many cursors. A listener is a number and a socket; the log is the queue.

`relay` is the way of a listener: `heads` tell where its log stands, `pages` bring what is behind,
`tail` feeds the `channel` whose `window` all its listeners share, and `pulse` looks after them all.
`cursor` reads what a client says it has, `frames` writes events as bytes, `response` is the answer.
"""
