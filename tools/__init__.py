"""What checks this repository beside Python's own tools; nothing of it is packed or installed.

`programs` finds programs that `make install` can't bring, and says which are missing.
"""
