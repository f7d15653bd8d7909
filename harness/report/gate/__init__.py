"""Views of what the gate found: terminal, Markdown, JUnit, annotations."""
