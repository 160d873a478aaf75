"""Facts from the topics to rows in the database, each exactly once."""
