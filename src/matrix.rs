//! The facts of toolchains/ as typed rows.
