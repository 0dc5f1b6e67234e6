"""``python -m allaprima`` is the ``allaprima`` command."""

from allaprima.cli import main

if __name__ == "__main__":
    main()
