"""Views of what a watch found: terminal, JSON, Prometheus."""
