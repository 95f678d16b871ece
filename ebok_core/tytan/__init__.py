"""TYTAN: the contract, TYTAN's side, the copy, the refresh, and the scoped reads that pages use."""
