"""How cost grows: studies, comparisons and retrieval at rising sizes. `docs/growth.md`."""
