"""The words in which geofences are told: one module a vocabulary, one domain under all."""
