"""What tuning made a model forget: general benchmarks before and after, item by item."""
