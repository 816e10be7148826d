"""Speed and memory, compared with other libraries."""
