//! The gateway a plugin must load into: what it was compiled with, and how that is known.

pub mod spec;
pub mod from_binary;
pub mod version_output;
pub mod identify;
pub mod plugin_support;
pub mod enterprise;
pub mod registerer;
pub mod config;
pub mod run;
pub mod explain;
pub mod facts;

pub use crate::gateway::identify::{identify, open};
pub use crate::gateway::spec::Asked;
pub use crate::gateway::spec::GatewaySpec;
