"""Where a cloud is listened to: what a host of the engine may plug in."""
