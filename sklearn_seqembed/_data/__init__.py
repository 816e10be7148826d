"""From what the user passes as X or y to `Sequences`, and back."""
