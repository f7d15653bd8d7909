"""A suite becomes runs, and what a plan says before anything runs."""
