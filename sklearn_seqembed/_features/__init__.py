"""Encoding of numbers and categories for the network, and decoding of its outputs."""
