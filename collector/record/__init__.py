"""The one loop that knows everything: frames to rows, covered time, gaps, symbols."""
