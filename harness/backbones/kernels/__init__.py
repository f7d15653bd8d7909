"""Faster arithmetic on CPUs, with the results of the libraries below."""
