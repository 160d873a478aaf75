"""`python -m services.run_discovery`."""

from services.run_discovery.app import main

if __name__ == "__main__":
    main()
