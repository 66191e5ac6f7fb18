"""What can go wrong with a deploy."""


class DeployError(Exception):
    """A deploy cannot go on; its text is one line that says what to do next."""
