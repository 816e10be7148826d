"""Vectors of words and events, compared with manual features."""
