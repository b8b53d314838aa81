"""Runs graphs, writes their logs."""
