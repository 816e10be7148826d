"""Encode numbers and categories for the network, and decode its outputs."""
