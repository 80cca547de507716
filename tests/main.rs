//! The one integration test binary.

mod support;

mod binary;
mod oracle;
