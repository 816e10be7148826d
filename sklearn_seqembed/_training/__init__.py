"""Batches, training, inference and devices, built on skorch."""
