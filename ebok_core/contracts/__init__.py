"""What hooks return and what modules share: frozen dataclasses and Protocols, standard library only."""
