"""The socket and its frames: bytes of one connection become trades and books."""
