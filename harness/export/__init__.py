"""A kept run as a folder that is used without this package, and what changed on the way there."""
