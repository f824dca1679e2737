// Carries the precompiled header of the product; has no code of its own.
