"""The page of the gateway: what it does, what that used, and whom it asks, for people with a browser."""
