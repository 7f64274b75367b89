"""An AWS on this machine whose STS is as strict about MFA as the real one; moto implements the other services.

Error codes and messages are AWS's own (https://docs.aws.amazon.com/STS/latest/APIReference/).
"""
