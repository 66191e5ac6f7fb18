"""The errors of the collector.

CollectorError              what was tried, on what, why it failed, what to do next: exit code 1
"""


class CollectorError(Exception):
    """Say in one line what was tried, on what, why it failed and what to do next."""
