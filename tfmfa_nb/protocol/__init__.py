"""The messages between the kernel and its front ends, and the file formats, each with a version."""
