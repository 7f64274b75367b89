"""An AWS on this machine whose STS is as strict about MFA as the real one; moto does what STS does not guard.

The texts and codes are AWS's own; https://docs.aws.amazon.com/STS/latest/APIReference/.
"""
