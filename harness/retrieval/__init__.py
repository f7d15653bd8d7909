"""Searching passages of a corpus: by vectors, by words, or by both."""
