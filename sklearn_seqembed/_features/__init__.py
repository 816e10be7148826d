"""From numbers and categories to what the network reads, and back."""
