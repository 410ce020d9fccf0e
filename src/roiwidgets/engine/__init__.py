"""How an operation is run: on one region now, or on everything, in parallel."""
