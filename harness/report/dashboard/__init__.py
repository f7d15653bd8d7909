"""Weights & Biases: one W&B run a harness run, and one for the study."""
