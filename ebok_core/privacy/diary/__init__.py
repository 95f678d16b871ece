"""The diary of who looked at a customer's data, for the customer (N19)."""
