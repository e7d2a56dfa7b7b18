"""What keeps a decision from being carried out: guards in their order, each with its reason."""
