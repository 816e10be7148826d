"""One module per contender; each runs in a process of its own."""
