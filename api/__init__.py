"""The HTTP surface: GraphQL, its playground, health and metrics."""
