"""Pictures: what is drawn of rules and of what they did, down to what a person sees in a browser."""
