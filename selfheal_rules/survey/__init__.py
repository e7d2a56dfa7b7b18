"""Rule sets held against a cloud and against other healers: what nobody handles, and what two would do at once."""
