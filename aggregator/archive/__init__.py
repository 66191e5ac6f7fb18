"""Files of the exchange's archive become raw chunks; `importer` is the way in."""
