"""Tasks: rows become checked, de-duplicated, split and hashed examples."""
