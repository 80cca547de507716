//! Tests of the whole plan.
