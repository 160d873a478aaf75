"""`python -m services.frame_processor`."""

from services.frame_processor.app import main

if __name__ == "__main__":
    main()
