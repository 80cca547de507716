//! A choice with its reason.

/// A choice, with the reason for the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen<T> {
    pub value: T,
    pub why: String,
}

impl<T> Chosen<T> {
    pub fn new(value: T, why: impl Into<String>) -> Self {
        Chosen { value, why: why.into() }
    }
}
