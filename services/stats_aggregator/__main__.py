"""`python -m services.stats_aggregator`."""

from services.stats_aggregator.app import main

if __name__ == "__main__":
    main()
