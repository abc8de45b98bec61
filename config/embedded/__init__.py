"""The services of `make run`: real PostgreSQL, Redis and Envoy out of wheels, and the supervisor that keeps them."""
