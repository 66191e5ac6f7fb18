"""The exchange's archive on the web: its files come down verified and are imported; see `site`."""
