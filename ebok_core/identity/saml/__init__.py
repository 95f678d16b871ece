"""Sign-in through login.gov.pl ("ePUAP"): our side of SAML with the artifact binding (identity.md §2–§5)."""
