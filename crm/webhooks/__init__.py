"""Webhooks: telling other systems what happens, signed, again and again until they have heard it."""
