"""Random rule sets and streams: what the two engines are compared on."""
