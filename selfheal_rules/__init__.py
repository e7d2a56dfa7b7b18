"""Rules for clouds that heal themselves: YAML in, remediation decisions out."""
