"""Everything on one machine: embedded PostgreSQL and Redis, and the supervisor that keeps them."""
