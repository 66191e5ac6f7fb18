"""The deploy: what its files say, and what it would do."""
