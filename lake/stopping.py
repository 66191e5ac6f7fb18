"""Whether this process has been asked to end: who waits for a bucket then waits no longer."""

from threading import Event

ENDING = Event()
"""Set by who is told, in a signal handler; the program has then little time left."""
