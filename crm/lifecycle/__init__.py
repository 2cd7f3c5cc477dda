"""Where customers stand in their life with the business, and how they move."""
