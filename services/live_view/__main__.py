"""`python -m services.live_view`."""

from services.live_view.app import main

if __name__ == "__main__":
    main()
