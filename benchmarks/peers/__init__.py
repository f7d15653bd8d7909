"""What a user would write by hand with the public libraries, to compare the harness with."""
