"""What customers are worth: pure mathematics on arrays, and the runs that apply it."""
