"""Kills, load and growth at full numbers, seeded, in pieces of at most nine minutes (`make soak SOAK=name`)."""
