"""The main job on a made-up day, for whoever sees this for the first time."""
