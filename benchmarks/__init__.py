"""Benchmarks of sklearn_seqembed: python -m benchmarks PROGRAM, see README.md."""
