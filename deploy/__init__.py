"""Puts the two programs, and all that they need, into a Google Cloud project."""
