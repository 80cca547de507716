//! The verdict and the check, each beside the gateway's own way to ask: of a plugin that has as much of the gateway in it
//! as a plugin can import.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use duct::{Expression, cmd};
use plugbuild::binary::Binary;
use plugbuild::binary::buildinfo::BuildInfo;
use plugbuild::util::error::{Error, Result};
use plugbuild::util::host::Host;
use plugbuild::util::target::Arch;

use super::{Args, Planned, failed, median, pair, show, timed};

/// `verify` against `test-plugin`, `check` against `check-plugin` and the go command alone, `compat`.
pub(super) fn gateways(args: &Args, plugbuild: &Path, root: &Path) -> Result<()> {
    for gateway in &args.with {
        let temp = tempfile::tempdir().map_err(|e| Error::io("create", "a temporary directory", e))?;
        judged(&root.join(gateway), temp.path(), plugbuild, root)?;
    }
    Ok(())
}

fn judged(gateway: &Path, dir: &Path, plugbuild: &Path, root: &Path) -> Result<()> {
    let file = Binary::open(gateway)?;
    let info = file.build_info()?;
    let (arch, host) = (file.image().arch(), Host::from_process()?.platform.arch);
    write_plugin(&file, &info, &root.join("examples/handler"), dir)?;
    let output = dir.join("plugin.so");
    let ours = |command: &str, more: &[&str]| {
        let gateway = gateway.display().to_string();
        let args: Vec<&str> = [&[command, "--gateway", &gateway], more].concat();
        cmd(plugbuild, args).dir(dir).stderr_null().unchecked()
    };
    // As a user would bring go.mod up to date.
    let first = ours("build", &["--output", &output.display().to_string()]).env("GOFLAGS", "-mod=mod");
    timed(&first.stdout_null())?;
    let plugin = Binary::open(&output)?;
    let shared = plugin
        .package_hashes()
        .filter(|package| file.package_hash(package.path).is_some());
    println!(
        "{}: {} MB; the plugin {} MB, {} packages in both",
        gateway.display(),
        file.bytes().len() / 1_000_000,
        plugin.bytes().len() / 1_000_000,
        shared.count()
    );
    let verify = ours("verify", &[&output.display().to_string()]).stdout_null();
    let runner = emulated(gateway, arch, host, root);
    let asked = |args: &[&str]| {
        let words: Vec<String> = runner
            .iter()
            .cloned()
            .chain(args.iter().map(|a| (*a).to_owned()))
            .collect();
        cmd(&words[0], &words[1..])
            .dir(dir)
            .stdout_null()
            .stderr_null()
            .unchecked()
    };
    let test = asked(&["test-plugin", "-s", &output.display().to_string()]);
    let how = if arch == host { "natively" } else { "under qemu" };
    show(
        &format!("verify, against the gateway's own test-plugin {how}"),
        &pairs(20, &verify, &test)?,
        Some(1.0),
    );
    println!("verify: median {:.1} ms (goal 5)", of_many(30, &verify)? * 1e3);
    if arch == host {
        check(&info, dir, plugbuild, &ours, &asked)?;
    }
    Ok(())
}

/// What `check` takes beyond what it asks the go command, and beside `check-plugin`.
fn check(
    info: &BuildInfo,
    dir: &Path,
    plugbuild: &Path,
    ours: &dyn Fn(&str, &[&str]) -> Expression,
    asked: &dyn Fn(&[&str]) -> Expression,
) -> Result<()> {
    let dry_run = ours("build", &["--dry-run", "--message-format", "json"]);
    let planned: Planned = serde_json::from_str(&dry_run.read().map_err(failed)?)
        .map_err(|e| Error::build(format!("the dry run cannot be read: {e}")))?;
    let go = Path::new(&planned.command.argv[0]);
    // As a user has it: go.sum holds what the build list needs. Of a few of the gateway's modules no database knows the sum.
    for args in [&["list", "-mod=mod", "-deps", "."][..], &["mod", "download"]] {
        let go = cmd(go, args).dir(dir).stdout_null().stderr_null().unchecked();
        let env = planned.command.env.iter();
        let go = env.fold(go, |go, (name, value)| go.env(name, value));
        timed(&go.env("GOSUMDB", "off"))?;
    }
    let sums = fs::read_to_string(dir.join("go.sum")).unwrap_or_default();
    let check = ours("check", &[]).stdout_null();
    let theirs = asked(&["check-plugin", "-g", info.go_release(), "-s", "./go.sum"]);
    let what = format!(
        "check, against check-plugin on a go.sum of {} lines",
        sums.lines().count()
    );
    // It looks at go.sum alone, and asks no go command: there is no goal.
    show(&what, &pairs(10, &check, &theirs)?, None);
    let noting = tempfile::tempdir().map_err(|e| Error::io("create", "a temporary directory", e))?;
    let lists = asked_of_go(&check, go, noting.path())?;
    if lists.is_empty() {
        return Err(Error::build("the check asked the go command nothing"));
    }
    let beyond = |ours: &Expression| -> Result<f64> {
        let mut all = (0..15)
            .map(|_| Ok(timed(ours)? - at_once(&lists)?))
            .collect::<Result<Vec<_>>>()?;
        Ok(median(&mut all) * 1e3)
    };
    println!(
        "check: median {:.1} ms beyond the {} commands that it runs (goal 5)",
        beyond(&check)?,
        lists.len()
    );
    let compat = cmd!(plugbuild, "compat")
        .dir(dir)
        .stdout_null()
        .stderr_null()
        .unchecked();
    println!(
        "compat of all releases: median {:.1} ms beyond the same (goal 50)",
        beyond(&compat)?
    );
    Ok(())
}

/// The go commands that a command of ours runs, word for word: a Go that notes them stands in for the real one.
fn asked_of_go(ours: &Expression, go: &Path, dir: &Path) -> Result<Vec<Expression>> {
    let io = |e| Error::io("write", dir, e);
    let root = dir.join("goroot");
    let real = go.parent().and_then(Path::parent).unwrap_or(Path::new("/"));
    fs::create_dir_all(root.join("bin")).map_err(io)?;
    for entry in fs::read_dir(real)
        .map_err(io)?
        .flatten()
        .filter(|e| e.file_name() != "bin")
    {
        symlink(entry.path(), root.join(entry.file_name())).map_err(io)?;
    }
    let script = root.join("bin/go");
    let text = format!(
        "#!/bin/sh\n{{ pwd; env -0; }} >'{0}/'$$.env\nprintf '%s\\0' \"$@\" >'{0}/'$$.args\nexec '{1}' \"$@\"\n",
        dir.display(),
        go.display()
    );
    fs::write(&script, text).map_err(io)?;
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).map_err(io)?;
    timed(&ours.env("PLUGBUILD_GO", &script))?;
    let mut asked = Vec::new();
    for entry in fs::read_dir(dir).map_err(io)?.flatten() {
        let file = entry.path();
        if file.extension().is_none_or(|ending| ending != "args") {
            continue;
        }
        let read = |file: &Path| fs::read_to_string(file).map_err(|e| Error::io("read", file, e));
        let (args, env) = (read(&file)?, read(&file.with_extension("env"))?);
        let (cwd, env) = env.split_once('\n').unwrap_or_default();
        let env = env.split_terminator('\0').filter_map(|pair| pair.split_once('='));
        let again = cmd(go, args.split_terminator('\0')).dir(cwd).full_env(env);
        asked.push(again.stdout_null().stderr_null().unchecked());
    }
    Ok(asked)
}

/// How long commands take that run side by side.
fn at_once(commands: &[Expression]) -> Result<f64> {
    std::thread::scope(|scope| {
        let running: Vec<_> = commands.iter().map(|one| scope.spawn(|| timed(one))).collect();
        let mut took = running.into_iter().map(|one| one.join().unwrap_or(Ok(0.0)));
        took.try_fold(0.0, |longest: f64, one| Ok(longest.max(one?)))
    })
}

fn of_many(times: usize, what: &Expression) -> Result<f64> {
    let mut all = (0..times).map(|_| timed(what)).collect::<Result<Vec<_>>>()?;
    Ok(median(&mut all))
}

fn pairs(times: usize, ours: &Expression, theirs: &Expression) -> Result<Vec<(f64, f64)>> {
    (0..times)
        .map(|round| pair(|| timed(ours), || timed(theirs), round % 2 == 0))
        .collect()
}

/// The gateway's program, behind the tests' emulator where this machine cannot run it.
fn emulated(gateway: &Path, arch: Arch, host: Arch, root: &Path) -> Vec<String> {
    let gateway_text = gateway.display().to_string();
    if arch == host {
        return vec![gateway_text];
    }
    let musl = Binary::open(gateway).is_ok_and(|file| file.image().interpreter().is_some_and(|l| l.contains("musl")));
    let target = format!("{arch}-{}", if musl { "musl" } else { "glibc" });
    let runner = root.join("tests/gateway/run.sh").display().to_string();
    vec!["sh".to_owned(), runner, target, gateway_text]
}

/// A handler that imports every package of the gateway that anybody may import, at the gateway's own versions.
fn write_plugin(gateway: &Binary, info: &BuildInfo, example: &Path, dir: &Path) -> Result<()> {
    let write =
        |name: &str, text: String| fs::write(dir.join(name), text).map_err(|e| Error::io("write", dir.join(name), e));
    for entry in fs::read_dir(example)
        .map_err(|e| Error::io("read", example, e))?
        .flatten()
    {
        let name = PathBuf::from(entry.file_name());
        if name.extension().is_some_and(|ending| ending == "go") {
            fs::copy(entry.path(), dir.join(&name)).map_err(|e| Error::io("copy", entry.path(), e))?;
        }
    }
    let own = info.main.as_ref().map(|main| main.path.as_str()).unwrap_or_default();
    let published = |module: &&plugbuild::binary::buildinfo::BuildModule| module.path != own;
    let (mut require, mut replace) = (String::new(), String::new());
    for module in info.deps.iter().filter(published) {
        require += &format!("\t{} {}\n", module.path, module.version);
        if let Some(by) = &module.replace {
            replace += &format!("replace {} => {} {}\n", module.path, by.path, by.version);
        }
    }
    let go = info.go_release().trim_start_matches("go");
    write(
        "go.mod",
        format!("module example.com/bench\n\ngo {go}\n\nrequire (\n{require})\n\n{replace}"),
    )?;
    let modules = info.index();
    let open = |path: &&str| {
        let internal = path.split('/').any(|part| part == "internal" || part == "vendor");
        let hosted = path.split('/').next().is_some_and(|host| host.contains('.'));
        let module = modules.of_package(path).is_some_and(|module| module.path != own);
        hosted && module && !internal
    };
    let mut imports: Vec<&str> = gateway
        .package_hashes()
        .map(|package| package.path)
        .filter(open)
        .collect();
    imports.sort_unstable();
    let imports: String = imports.iter().map(|path| format!("\t_ \"{path}\"\n")).collect();
    write("imports.go", format!("package main\n\nimport (\n{imports})\n"))
}
