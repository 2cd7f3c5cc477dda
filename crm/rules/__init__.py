"""The one rule language: filters, segments, guards, row filters, webhook filters and saved views."""
