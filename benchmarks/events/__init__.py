"""Vectors of words and events, compared with features made by hand."""
