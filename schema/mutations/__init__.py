"""Everything that can be changed through GraphQL: one mutation an intent, each one use case."""
