"""What people and machines see of a run: table, logs, health, metrics, sessions."""
