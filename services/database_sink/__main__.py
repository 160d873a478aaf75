"""`python -m services.database_sink`."""

from services.database_sink.app import main

if __name__ == "__main__":
    main()
