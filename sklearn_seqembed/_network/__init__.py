"""The torch modules; they know nothing of the user's data."""
