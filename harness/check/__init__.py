"""What is wrong, or may be, with a suite's data: found before anything is trained."""
