"""How long positions are stored, and how a user is erased."""
