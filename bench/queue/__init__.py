"""The queue against stock arq and others: pick-up, idle cost, jobs and enqueues a second.

Owns the contenders and their processes. All run in turns in one run, on one embedded store, so
that the ratios hold on a noisy machine; the rates themselves are this machine's.
"""
