"""`python -m haulage` is `haulage`."""

from haulage.cli.main import main

if __name__ == "__main__":
    main()
