"""What keeps a decision from being carried out, and who may say so."""
