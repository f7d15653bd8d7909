"""Views of a suite's studies over time: terminal, page, Markdown."""
