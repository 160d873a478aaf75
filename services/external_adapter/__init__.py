"""Results that another system computed become results of a job."""
