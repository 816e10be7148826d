"""Conversion of user data to `Sequences` and back; this package never imports torch."""
