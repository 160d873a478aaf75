"""`python -m services.job_dispatcher`."""

from services.job_dispatcher.app import main

if __name__ == "__main__":
    main()
