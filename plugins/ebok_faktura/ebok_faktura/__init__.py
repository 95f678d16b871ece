"""e-Faktura: invoices that can be understood, checked and proved."""
