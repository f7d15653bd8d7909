"""Comparing the runs of a study."""
