"""The relay against nchan and against what everyone writes first: workloads W1 to W7.

Owns the contenders' servers, the load generator and what is counted. One server process on one core
and everything else on another; contenders in turns in one run, so that the ratios hold on a noisy
machine. The rates themselves are this machine's.
"""
