"""What is captured and how: the connector's settings, config and signals, and what DBAs must run."""
