"""Days with holes in their trade ids get what they lack from the exchange's archive."""
