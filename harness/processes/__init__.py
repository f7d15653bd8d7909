"""One way to start, bound and end a process."""
