"""The vocabulary of the package, its errors, and redaction. The ground floor: it imports no other package of ours."""
