"""A websocket becomes one-minute chunks and a journal: nothing lost, nothing silent."""
