"""Where models and data come from: each source gives a local path and a content hash."""
