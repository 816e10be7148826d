"""The parts of the quality benchmark: contenders, judges, job and summary."""
