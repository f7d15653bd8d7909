"""Pretrained models before adaptation: loading, tokenizing, freezing, features, scoring."""
