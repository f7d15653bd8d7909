"""Measuring: each file takes a fitted method or its predictions and returns a part of a record."""
