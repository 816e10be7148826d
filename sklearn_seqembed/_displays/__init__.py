"""Displays, one module for each; matplotlib is imported only when one is drawn."""
