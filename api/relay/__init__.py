"""The relay: one log, many cursors. A listener is a number and a socket; the log is the queue.

`cursor` reads what a client says it has; `frames` writes events as bytes; `tail` waits, for all
listeners with one reader; `listener` goes through one log; `response` is the HTTP answer.
"""
