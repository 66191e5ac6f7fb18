"""A day of raw chunks becomes exact bars: the scheduled job, back-fills, status and import."""
