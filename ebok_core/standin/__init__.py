"""The stand-in back office: a fictional utility behind the TYTAN contract, for demos and tests.

The portal never imports it; the two meet in the contract's tables alone.
"""
