"""The chain of trade ids: holes are seen, asked for over REST, filled or given up."""
