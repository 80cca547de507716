//! The one integration test binary.

mod support;

mod architecture;
mod binary;
mod loads;
mod readme;
