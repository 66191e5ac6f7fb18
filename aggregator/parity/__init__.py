"""The published bars, compared with the exchange's own klines minute by minute; see `verifier`."""
