# Made by tools/blocking_client.py from haulage/client/awaiting/__init__.py: change that one.

"""The client, blocking."""
