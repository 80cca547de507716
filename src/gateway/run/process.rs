//! Runs a gateway on this machine: starts it, waits until it answers, explains its log.

use std::ffi::OsString;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::time::Duration;

use crate::gateway::explain::{Explanation, UNKNOWN, explain};
use crate::gateway::facts::Gateway;
use crate::gateway::run;
use crate::matrix::Matrix;
use crate::util::context::Context;
use crate::util::error::{Error, Result};
use crate::util::process::background::{Background, WaitOutcome};
use crate::util::process::{Invocation, interrupted};
use crate::util::target::Arch;

/// A gateway with its file, and the command prefix to run it on this machine.
pub(crate) struct GatewayRunner<'a> {
    pub(crate) gateway: &'a Gateway,
    command: Vec<OsString>,
    /// The limit for its start.
    timeout: Duration,
    pub(crate) cx: Context<'a>,
}

impl<'a> GatewayRunner<'a> {
    /// # Errors
    /// Its file is not known, or this machine cannot run it.
    pub(crate) fn new(
        gateway: &'a Gateway,
        sysroot: Option<&Path>,
        matrix: &Matrix,
        cx: Context<'a>,
    ) -> Result<GatewayRunner<'a>> {
        let binary = gateway.binary.as_ref().ok_or_else(|| {
            Error::usage(format!(
                "{} is known, but there is no binary of it to run",
                gateway.title()
            ))
            .help("give one: `--gateway ./krakend`")
        })?;
        let arch = gateway.arch.unwrap_or(cx.host.platform.arch);
        let libc = gateway.libc.map(|libc| libc.kind);
        let mut command = run::runner(arch, libc, sysroot, matrix, cx.host)?;
        cx.ui.status(
            "running",
            format!("the gateway {}: {}", gateway.label, binary.display()),
        );
        command.push(binary.into());
        Ok(GatewayRunner {
            gateway,
            command,
            timeout: run::START_TIMEOUT,
            cx,
        })
    }

    /// Sets the limit for its start.
    pub(crate) fn with_timeout(self, timeout: Duration) -> Self {
        GatewayRunner { timeout, ..self }
    }

    /// Checks that a plugin has the gateway's architecture.
    ///
    /// # Errors
    /// It has not.
    pub(crate) fn fits(&self, plugin: &str, arch: Arch) -> Result<()> {
        let own = self.gateway.arch.unwrap_or(self.cx.host.platform.arch);
        if arch == own {
            return Ok(());
        }
        let what = format!("{plugin} is for {arch}, and the gateway for {own}");
        Err(Error::incompatible(what).help(format!("build it for that: `plugbuild --arch {own}`")))
    }

    pub(crate) fn invocation(&self, cwd: &Path, args: &[&str]) -> Invocation {
        let program = self.command.first().cloned().unwrap_or_default();
        Invocation::new(program, cwd)
            .args(self.command.iter().skip(1).cloned())
            .args(args.iter().copied())
            // The trial runs plain JSON, even if the user's configuration is a template.
            .env_remove("FC_ENABLE")
    }

    /// Starts the gateway and waits until it answers on its port. Retries if another program took the port meanwhile.
    ///
    /// # Errors
    /// It exits first, or takes too long.
    pub(crate) fn started(&self, config: &dyn Fn(u16) -> Result<String>, dir: &Path) -> Result<(Background, u16)> {
        let mut last = Vec::new();
        for _ in 0..3 {
            let port = free_port()?;
            // A name without `.so`, or it would be taken for a plugin.
            let file = dir.join("krakend.json");
            std::fs::write(&file, config(port)?).map_err(|e| Error::io("write", &file, e))?;
            let run = self.invocation(dir, &["run", "-c", "krakend.json"]);
            self.cx.ui.verbose("running", &run);
            let mut running = run.spawn(self.cx.host)?;
            let address = ([127, 0, 0, 1], port).into();
            let up = |_: &[String]| TcpStream::connect_timeout(&address, Duration::from_millis(200)).is_ok();
            match running.wait(self.timeout, up) {
                WaitOutcome::Found => return Ok((running, port)),
                _ if interrupted() => return Err(Error::interrupted()),
                WaitOutcome::TimedOut => {
                    running.stop();
                    let own = self.explained(&running.lines);
                    let what = format!("the gateway did not answer within {} s", self.timeout.as_secs());
                    let help = stopped_by(&own).unwrap_or_else(|| "give it more time: `--timeout 120`".to_owned());
                    return Err(Error::incompatible(what).help(help));
                }
                WaitOutcome::Ended => last = std::mem::take(&mut running.lines),
            }
            if !last.iter().any(|line| line.contains("address already in use")) {
                break;
            }
        }
        for line in last.iter().take(12) {
            self.cx.ui.raw(line);
        }
        let own = self.explained(&last);
        let what = format!("the gateway {} exited before it answered", self.gateway.label);
        let error = Error::incompatible(what);
        Err(match stopped_by(&own) {
            Some(help) => error.help(help),
            None => error,
        })
    }

    /// Explains the gateway's messages. Returns those that blame the plugin's own code.
    pub(crate) fn explained(&self, lines: &[String]) -> Vec<Explanation> {
        let explanations = explain(lines.iter().map(Ok)).unwrap_or_default();
        let own = explanations.iter().filter(|one| one.own_code).cloned().collect();
        // A gateway looks for every registerer in each plugin; unknown messages are printed unexplained.
        let is_worth_printing = |one: &Explanation| one.id != "symbol-not-found-in-plugin" && one.id != UNKNOWN;
        let mut seen = Vec::new();
        for one in explanations.into_iter().filter(is_worth_printing) {
            if !seen.contains(&one.id) {
                self.cx.ui.status("note", format!("{}; {}", one.cause, one.help));
                seen.push(one.id);
            }
        }
        own
    }
}

/// The help if the plugin's own code failed, which comparing files does not show.
pub(crate) fn stopped_by(own: &[Explanation]) -> Option<String> {
    let first = own.first()?;
    let text = &first.text;
    Some(format!(
        "the plugin's own code stopped it, which `plugbuild verify` does not run: `{text}`"
    ))
}

fn free_port() -> Result<u16> {
    let failed = |e| Error::io("find", "a free port", e);
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(failed)?;
    Ok(listener.local_addr().map_err(failed)?.port())
}
