"""The frozen values that every part shares. Nothing here reads, writes or asks."""
