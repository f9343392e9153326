"""Code that every feature uses: errors, identities, text, time, settings."""
