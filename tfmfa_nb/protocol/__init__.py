"""What is said between the kernel and its front ends, and how it is written to disk; each form has a version."""
