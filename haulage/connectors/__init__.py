"""The world outside: what tells others of jobs."""
