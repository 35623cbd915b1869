"""The gateway: any coding client, any provider, one ledger."""
