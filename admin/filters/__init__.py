"""The filter in a list's address: read from it, and told above the list."""
