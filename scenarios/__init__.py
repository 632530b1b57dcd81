"""The production topology on one machine: its four failures, and a load that holds."""
