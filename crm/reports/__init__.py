"""Reports over everybody, asked as plain data, and kept where they take long."""
