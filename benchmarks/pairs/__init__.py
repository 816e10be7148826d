"""Sequences predicted from other sequences, compared with simpler methods."""
