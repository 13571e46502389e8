"""``python -m selector``: the same as the ``selector`` command."""

from selector.cli import main

if __name__ == "__main__":
    main()
