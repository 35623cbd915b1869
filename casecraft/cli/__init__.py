"""The command line: one module a command. It shows what the engine says, and decides nothing."""
