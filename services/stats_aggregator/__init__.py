"""The service that counts: frame results in, rates out. A Faust app, used as a thin shell."""
