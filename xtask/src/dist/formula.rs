//! The Homebrew formula: the archive of each processor, by its sum.

use std::path::PathBuf;

use plugbuild::util::error::Result;
use plugbuild::util::hash::sha256_of;

use super::{VERSION, name};

/// Where a release's files are downloaded from: as Cargo.toml says for cargo-binstall.
pub(super) fn release_url(repository: &str) -> String {
    format!("{}/releases/download/v{VERSION}", repository.trim_end_matches('/'))
}

/// The formula of these archives.
pub(super) fn text(repository: &str, archives: &[(&str, PathBuf)]) -> Result<String> {
    let mut text = format!(
        "class Plugbuild < Formula
  desc \"Build Go plugins that load in a KrakenD API gateway, without Docker\"
  homepage \"{repository}\"
  version \"{VERSION}\"
  license \"{}\"
",
        env!("CARGO_PKG_LICENSE")
    );
    let (mac, linux): (Vec<_>, Vec<_>) = archives
        .iter()
        .cloned()
        .partition(|(target, _)| target.contains("apple"));
    if mac.is_empty() {
        text += "\n  depends_on :linux\n";
    }
    for (system, archives) in [("on_macos", mac), ("on_linux", linux)] {
        if !archives.is_empty() {
            text += &format!("\n  {system} do\n{}  end\n", choices(repository, &archives)?);
        }
    }
    text += "
  def install
    bin.install \"plugbuild\"
    man1.install Dir[\"man/*.1\"]
    bash_completion.install \"completions/plugbuild.bash\" => \"plugbuild\"
    zsh_completion.install \"completions/_plugbuild\"
    fish_completion.install \"completions/plugbuild.fish\"
  end

  test do
    assert_match version.to_s, shell_output(\"#{bin}/plugbuild --version\")
    assert_match \"linux\", shell_output(\"#{bin}/plugbuild targets\")
  end
end
";
    Ok(text)
}

/// The archive of each processor.
fn choices(repository: &str, archives: &[(&str, PathBuf)]) -> Result<String> {
    let one = |(target, archive): &(&str, PathBuf)| {
        let processor = if target.starts_with("aarch64") {
            "on_arm"
        } else {
            "on_intel"
        };
        Ok(format!(
            "    {processor} do
      url \"{}/{}\"
      sha256 \"{}\"
    end
",
            release_url(repository),
            name(archive),
            sha256_of(archive)?
        ))
    };
    archives.iter().map(one).collect()
}
