"""What an item is."""
