"""The GraphQL surface: a noun each, compiled to SQL."""
