"""`python -m casecraft`."""

from casecraft.cli.app import main

if __name__ == "__main__":
    main()
