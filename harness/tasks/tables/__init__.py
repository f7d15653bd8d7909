"""Tables as people have them: some of their columns, as text, row by row."""
