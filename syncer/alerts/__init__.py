"""Alerts: what is wrong, who is told, once for each change of state."""
