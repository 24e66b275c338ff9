//! All integration tests, in one binary: one link of the library for all of them.
