"""The client, awaited."""
