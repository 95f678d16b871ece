"""Documents in versions: what is shipped, what the utility publishes, who agreed to which text."""
