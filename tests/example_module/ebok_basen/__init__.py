"""e-Basen: passes to the utility's swimming pool."""
