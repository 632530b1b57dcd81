"""The world outside: what tells others of jobs, and what brings their tasks here."""
