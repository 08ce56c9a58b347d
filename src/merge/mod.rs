//! Matching and merging, pure: what is known and what an event says in, what changes and why out.
