"""Batches, training loop, devices and decoding, with skorch."""
