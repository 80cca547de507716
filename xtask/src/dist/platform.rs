//! A target by the names that each way to install has for it.

use plugbuild::util::error::{Error, Result};

pub(super) struct Platform {
    target: &'static str,
    /// `GOOS` and `GOARCH`.
    pub(super) go: (&'static str, &'static str),
    /// `process.platform` and `process.arch` of Node.
    pub(super) node: (&'static str, &'static str),
    /// The tags of a wheel. A static binary runs on every Linux: the oldest of both libcs that a tag can name.
    pub(super) wheel: &'static [&'static str],
    /// What `uname -s`-`uname -m` prints, as patterns of a shell's `case`.
    pub(super) uname: &'static str,
}

const PLATFORMS: [Platform; 4] = [
    Platform {
        target: "x86_64-unknown-linux-musl",
        go: ("linux", "amd64"),
        node: ("linux", "x64"),
        wheel: &["manylinux2014_x86_64", "manylinux_2_17_x86_64", "musllinux_1_1_x86_64"],
        uname: "Linux-x86_64|Linux-amd64",
    },
    Platform {
        target: "aarch64-unknown-linux-musl",
        go: ("linux", "arm64"),
        node: ("linux", "arm64"),
        wheel: &[
            "manylinux2014_aarch64",
            "manylinux_2_17_aarch64",
            "musllinux_1_1_aarch64",
        ],
        uname: "Linux-aarch64|Linux-arm64",
    },
    Platform {
        target: "x86_64-apple-darwin",
        go: ("darwin", "amd64"),
        node: ("darwin", "x64"),
        wheel: &["macosx_10_12_x86_64"],
        uname: "Darwin-x86_64",
    },
    Platform {
        target: "aarch64-apple-darwin",
        go: ("darwin", "arm64"),
        node: ("darwin", "arm64"),
        wheel: &["macosx_11_0_arm64"],
        uname: "Darwin-arm64",
    },
];

/// The platform of a Rust target.
pub(super) fn of(target: &str) -> Result<&'static Platform> {
    let found = PLATFORMS.iter().find(|row| row.target == target);
    found.ok_or_else(|| Error::usage(format!("no package is made for {target}")))
}
