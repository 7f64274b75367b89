"""The words of the field, errors with their remedies, and redaction. The ground floor: it imports nothing of ours."""
