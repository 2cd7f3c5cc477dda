"""The compiler: a GraphQL selection becomes one SQL statement whose value is the response."""
