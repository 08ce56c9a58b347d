//! Names of all metrics.
