"""Authentication with AWS: besides the prompts, only this package handles MFA codes and long-term keys."""
