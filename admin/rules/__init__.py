"""The editor of rules: one rule as text and as a form, kept in step by the server."""
