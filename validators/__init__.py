"""Rules that a template must pass, the engine that runs them and the reports."""
