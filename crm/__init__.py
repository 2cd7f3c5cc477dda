"""The rules of the business: use cases, values and workers, shared by every surface."""
