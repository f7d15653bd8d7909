"""Matched comparison of fine-tuning, adapters, frozen features, retrieval and prompting."""
