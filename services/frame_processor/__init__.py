"""Takes chunks of work, gives frame results: Kafka in this process, DIALS in its workers."""
