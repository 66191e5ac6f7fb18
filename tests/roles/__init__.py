"""Each program, as a process, at a bucket that refuses what its role lacks."""
