"""Executors and sources on a real OpenStack, brought up on this machine by `tests/cloud/up/up.sh`."""
