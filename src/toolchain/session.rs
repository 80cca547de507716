//! What every step of a run is given.

use std::path::Path;

use crate::matrix::Matrix;
use crate::project::config::Settings;
use crate::toolchain::releases;
use crate::toolchain::store::Store;
use crate::util::context::Context;
use crate::util::error::Result;
use crate::util::host::Host;
use crate::util::ui::{Format, Ui};

/// This machine, the project's settings, the release matrix, the store, and the terminal.
#[derive(Debug, Clone)]
pub struct Session {
    /// The environment, with the additions of the settings files.
    pub host: Host,
    pub settings: Settings,
    pub matrix: Matrix,
    pub store: Store,
    pub ui: Ui,
    pub format: Format,
    /// Whether the network must not be used.
    pub offline: bool,
    /// Whether nothing is fetched, as the command only says what it would do.
    pub dry: bool,
}

impl Session {
    /// Reads the settings files that apply to a directory.
    ///
    /// # Errors
    /// A settings file or list of releases that cannot be read, or a store that somebody else owns.
    pub fn open(dir: &Path, cx: Context) -> Result<Self> {
        let settings = Settings::read(&dir.canonicalize().unwrap_or(dir.to_owned()), cx.host)?;
        Self::with(settings, cx)
    }

    /// Starts a session with settings that have been read.
    ///
    /// # Errors
    /// As [`Session::open`].
    pub fn with(settings: Settings, cx: Context) -> Result<Self> {
        let host = settings.with_mirrors(cx.host);
        let store = Store::open(&host)?;
        Ok(Session {
            matrix: releases::with_kept(settings.matrix()?, &store),
            store,
            ui: *cx.ui,
            format: cx.format,
            offline: cx.offline,
            dry: cx.dry,
            settings,
            host,
        })
    }

    /// Does something that may add releases to the matrix.
    ///
    /// # Errors
    /// Those of what is done.
    pub fn identify_with<T>(&mut self, identify: impl FnOnce(&mut Matrix, Context) -> Result<T>) -> Result<T> {
        let cx = Context {
            host: &self.host,
            ui: &self.ui,
            format: self.format,
            offline: self.offline,
            dry: self.dry,
        };
        identify(&mut self.matrix, cx)
    }

    /// The options of all commands, without the settings.
    pub fn context(&self) -> Context<'_> {
        Context {
            host: &self.host,
            ui: &self.ui,
            format: self.format,
            offline: self.offline,
            dry: self.dry,
        }
    }
}
