"""The fault harness: a real service under load, broken in many places at once, and then counted.

`python -m tests.faults` starts it; `plan` says what happens, `audit` what may not have happened.
"""
