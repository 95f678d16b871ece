"""The panel: its start page, configuration, modules, and the commands that say the same on a terminal."""
