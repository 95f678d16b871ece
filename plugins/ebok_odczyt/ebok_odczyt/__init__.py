"""e-Odczyt: customers enter the readings of their meters."""
