"""Tests of what listens: the webhook, the bus, files, pollers, and the process that has them all."""
