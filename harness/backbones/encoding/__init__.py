"""Texts as an encoder reads them, and as vectors."""
