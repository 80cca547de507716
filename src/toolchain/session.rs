//! TODO src/toolchain/session.rs

use crate::matrix::Matrix;
use crate::toolchain::store::Store;
use crate::util::host::Host;

/// What it takes to ask and to write.
#[derive(Debug, Clone, Copy)]
pub struct Means<'a> {
    pub matrix: &'a Matrix,
    pub host: &'a Host,
    pub store: &'a Store,
}
