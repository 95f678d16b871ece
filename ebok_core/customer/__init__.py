"""The customer's own pages: start page, data, contracts, service points, meters, balance."""
