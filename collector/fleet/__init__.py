"""Which connection carries which stream, and what is done when one is silent, late or old."""
