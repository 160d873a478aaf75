"""`python -m services.external_adapter`."""

from services.external_adapter.app import main

if __name__ == "__main__":
    main()
