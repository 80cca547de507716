//! Logs and their explanations.

use super::*;

fn explained(log: &str) -> Vec<Explanation> {
    explain(log.lines().map(Ok)).unwrap()
}

fn ids(log: &str) -> Vec<String> {
    explained(log).into_iter().map(|e| e.id).collect()
}

#[test]
fn messages_are_complete_and_reachable() {
    for message in messages().unwrap() {
        for text in [&message.cause, &message.help] {
            assert!(!text.is_empty() && !text.ends_with('.'), "{}", message.id);
        }
        assert!(!message.source.is_empty(), "{}", message.id);
        // A line made from the pattern itself matches it, not an earlier one.
        let sample = message
            .pattern
            .replace("{}", " ")
            .replace("{package:std}", "internal/cpu")
            .replace("{package:main}", "main");
        let sample = sample
            .replace("{symbol:fortify}", "__fprintf_chk")
            .replace("{libc:musl}", "musl-x86_64.so.1")
            .replace("{file:path}", "/p/a.so");
        let sample = sample.replace("{package}", "github.com/a/b");
        let sample = sample.replace(['{', '}'], "");
        assert_eq!(
            ids(&format!("2022/01/01 DEBUG: {sample} and more")),
            [message.id.as_str()],
            "{sample}"
        );
    }
}

#[test]
fn real_logs_are_explained() {
    let log = "\
        Parsing configuration file: krakend.json\n\
        2022/04/12 12:18:59 KRAKEND DEBUG: [SERVICE: Executor Plugin] plugin #1 (/etc/krakend/plugins/modifierPlugin.so): plugin.Open(\"/etc/krakend/plugins/modifierPlugin\"): plugin was built with a different version of package github.com/luraproject/lura/v2/register\n\
        [00] 2021/03/21 17:11:55  WARNING: opening plugin 0 (plugin/clientPlugin.so): plugin.Open(\"plugin/clientPlugin.so\"): plugin was built with a different version of package internal/cpu (previous failure)]\n\
        opening plugin 0: plugin.Open(\"plugin/clientPlugin\"): plugin was built with a different version of package internal/cpu]\n\
        plugin #0 (plugins/grpc-gateway.so): plugin.Open(\"plugins/grpc-gateway.so\"): Error relocating /etc/krakend/plugins/grpc-gateway.so: unsupported relocation type 7\n\
        \u{1b}[31mError relocating /a.so: __vfprintf_chk: symbol not found\u{1b}[0m\n\
        /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.34' not found (required by /a.so)\n\
        {\"level\":\"debug\",\"msg\":\"plugin: symbol ClientRegisterer not found in plugin plugin/unnamed-00ec48\"}\n\
        fatal error: runtime: no plugin module data\n\
        plugin #3 (x.so): http-server-handler plugin loader: unknown type\n";
    let explained = explained(log);
    let ids: Vec<_> = explained.iter().map(|e| (e.line, e.id.as_str())).collect();
    let want = [
        (2, "different-version"),
        (3, "previous-failure"),
        (4, "different-version-std"),
        (5, "musl-relocation"),
        (6, "fortify-symbol"),
        (7, "glibc-not-found"),
        (8, "symbol-not-found-in-plugin"),
        (9, "no-plugin-module-data"),
        (10, "unknown-type"),
    ];
    assert_eq!(ids, want);
    assert!(
        explained[0]
            .cause
            .contains("links github.com/luraproject/lura/v2/register too"),
        "{}",
        explained[0].cause
    );
    assert!(
        explained[2].cause.starts_with("internal/cpu is"),
        "{}",
        explained[2].cause
    );
    assert!(
        explained[6].cause.contains("no ClientRegisterer:"),
        "{}",
        explained[6].cause
    );
}

/// Messages quoted in docs/errors.md, each about a plugin.
#[test]
fn documented_messages_are_explained() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/errors.md")).unwrap();
    let (_, table) = page.split_once("| the gateway's words |").unwrap();
    let cells = table.lines().skip(2).filter_map(|row| row.split('|').nth(1));
    let quoted: Vec<&str> = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect();
    assert!(quoted.len() > 8, "{quoted:?}");
    for words in quoted {
        let message = words.replace('…', "foo");
        for line in [
            format!("plugin.Open(\"/p/a.so\"): /p/a.so: {message}"),
            format!("/p/a.so: {message}"),
        ] {
            assert_eq!(explained(&line).len(), 1, "{line}");
        }
    }
}

#[test]
fn missing_plugin_differs_from_missing_library() {
    let id = |file: &str| {
        let message = "cannot open shared object file: No such file or directory";
        ids(&format!("plugin.Open(\"/p/a.so\"): {file}: {message}"))
    };
    assert_eq!(id("/p/a.so"), ["machine-mismatch-glibc"]);
    assert_eq!(id("libfoo.so.1"), ["missing-library"]);
    assert_eq!(id("libc.musl-x86_64.so.1"), ["missing-libc-musl"]);
}

#[test]
fn unrelated_lines_are_ignored() {
    assert_eq!(ids("INFO: Listening on port: 8080\n\nplugin loaded\n\u{1b}"), [""; 0]);
    let twice = "fatal error: runtime: no plugin module data\n".repeat(3);
    assert_eq!(ids(&twice), ["no-plugin-module-data"]);
}

#[test]
fn long_lines_are_cut() {
    let read = |log: &[u8]| lines(log).collect::<io::Result<Vec<_>>>().unwrap();
    for log in ["", "\n", "a", "a\n", "a\r\n\r\nb", "\n\na\rb\n", "a\r", "\u{1b}[31mä\n"] {
        assert_eq!(read(log.as_bytes()), log.lines().collect::<Vec<_>>(), "{log:?}");
    }
    assert_eq!(read(b"a\xff\xc3\nb\0\xe2\x82"), ["a\u{fffd}\u{fffd}", "b\0\u{fffd}"]);
    let limit = usize::try_from(LINE_LIMIT).unwrap();
    for length in [limit - 1, limit, limit + 1, 3 * limit] {
        let log = format!("{}\nfatal error: runtime: no plugin module data", "x".repeat(length));
        let read = read(log.as_bytes());
        assert_eq!((read.len(), read[0].len()), (2, length.min(limit)));
        assert_eq!(explain(read.iter().map(Ok)).unwrap()[0].line, 2);
    }
}

/// The gateway's messages, as lura, krakend-cobra and krakend-ce print them, and what plugin code logs through them.
#[test]
fn gateway_messages_are_explained() {
    let log = "\
        2026/11/25 KRAKEND ERROR: [PLUGIN: Server] No plugin registered as auth\n\
        2026/11/25 KRAKEND DEBUG: [PLUGIN: Server] No plugin resgistered as auth\n\
        KRAKEND WARNING: [BACKEND: GET /a -> /b] Error getting the plugin handler: no realm is set\n\
        KRAKEND DEBUG: [BACKEND: GET /a -> /b] No name defined in the extra config for /b\n\
        KRAKEND DEBUG: [PLUGIN: Server] No plugins registered for the module\n\
        KRAKEND DEBUG: [PLUGIN: Server] No plugins required in the extra config\n\
        KRAKEND ERROR: [PLUGIN: Server] Wrong plugin handler type: auth\n\
        KRAKEND DEBUG: [PLUGIN: Server] Wrong extra_config type\n\
        KRAKEND DEBUG: [BACKEND: /b] [github.com/x] Wrong extra config type for backend\n\
        [KO] CLIENT\tauth.so: The plugin does not contain a ClientRegisterer.\n\
        [KO] SERVER\tauth.so: no license\n\
        [KO] 1 tested plugin(s) in 13ms.\n\
        plugin #0 (p/x.so): open /etc/license: no such file or directory\n\
        plugin.Open(\"t.so\"): /p/t.so: file too short\n\
        plugin.Open(\"t\"): /p/t.so: failed to map segment from shared object\n\
        plugin.Open(\"t\"): /p/t.so: cannot enable executable stack as shared object requires: Invalid argument\n\
        plugin.Open(\"t\"): plugin already loaded\n\
        DEBUG: [SERVICE: Executor Plugin] open ./plugins/: no such file or directory\n";
    let explained = explained(log);
    let ids: Vec<_> = explained.iter().map(|e| (e.line, e.id.as_str())).collect();
    let want = [
        (1, "no-plugin-registered-as"),
        (2, "no-plugin-resgistered-as"),
        (3, "plugin-handler"),
        (4, "no-name"),
        (5, "none-registered"),
        (6, "no-names"),
        (7, "wrong-handler-type"),
        (8, "wrong-extra-config-server"),
        (9, "wrong-extra-config-client"),
        (10, "test-plugin-no-registerer"),
        (11, "test-plugin-panicked"),
        (13, "loading-panicked"),
        (14, "file-too-short"),
        (15, "map-segment"),
        (16, "executable-stack"),
        (17, "already-loaded"),
        (18, "no-folder"),
    ];
    assert_eq!(ids, want);
    assert!(
        explained[2].cause.contains(": no realm is set;"),
        "{}",
        explained[2].cause
    );
    assert!(
        explained[11]
            .cause
            .contains("open /etc/license: no such file or directory;"),
        "{}",
        explained[11].cause
    );
}

#[test]
fn trace_names_the_plugins_frame() {
    let log = "INFO: Listening on port: 8080\n\
        panic: interface conversion: interface {} is nil, not map[string]interface {}\n\
        \n\
        goroutine 1 [running]:\n\
        panic({0x1?, 0x2?})\n\
        \t/usr/local/go/src/runtime/panic.go:783 +0x132\n\
        github.com/google/uuid.MustParse(...)\n\
        \t/go/pkg/mod/github.com/google/uuid@v1.6.0/uuid.go:9\n\
        example.com/hello.newHandler({0xc0005d67b0?, 0xc0006961e0?}, 0xc000690cc0, {0x2e06400, 0xc0005d6fe0})\n\
        \t/go/src/example.com/hello/plugin.go:28 +0x1aa\n\
        main.serve.New.func5({_, _}, ...)\n\
        \t/go/pkg/mod/github.com/luraproject/lura/v2@v2.12.1/transport/http/server/plugin/server.go:69 +0x690\n\
        main.main()\n\
        \t/app/cmd/krakend-ce/main.go:33 +0x294\n";
    let own = explained(log);
    assert_eq!(own.len(), 1, "{own:?}");
    assert_eq!((own[0].line, own[0].id.as_str()), (2, "plugin-panicked"));
    assert!(
        own[0]
            .cause
            .contains("in example.com/hello.newHandler (/go/src/example.com/hello/plugin.go:28): interface conversion"),
        "{}",
        own[0].cause
    );
    let frame = |function: &str, place: &str| {
        let log = format!("panic: x\n\ngoroutine 7 [running]:\n{function}(0x1)\n\t{place}:1 +0x1\n");
        ids(&log).len()
    };
    assert_eq!(frame("main.registerer.registerHandlers", "/home/me/auth/main.go"), 1);
    assert_eq!(frame("plugin/unnamed-0ec4.F", "/go/src/x/main.go"), 1);
    assert_eq!(frame("main.serve", "/app/cmd/krakend-ce/serve.go"), 0);
    assert_eq!(frame("net/http.serve", "/usr/local/go/src/net/http/server.go"), 0);
    let crash = "SIGBUS: bus error\nsignal arrived during cgo execution\ngoroutine 1 gp=0x1 m=7 [syscall]:\n\
        plugin._Cfunc_pluginOpen(0xc000208600, 0xc000081228)\n\t_cgo_gotypes.go:85 +0x47\n";
    assert_eq!(ids(crash), ["crash-in-loader"]);
}

#[test]
fn file_without_registerers() {
    let lacks = |file: &str, symbol: &str| {
        format!("DEBUG: plugin #0 ({file}): plugin: symbol {symbol}Registerer not found in plugin example.com/x\n")
    };
    let three = |file: &str| {
        ["Client", "Handler", "Modifier"]
            .map(|symbol| lacks(file, symbol))
            .concat()
    };
    assert_eq!(ids(&three("a.so")), ["registers-nothing"]);
    assert!(explained(&three("a.so"))[0].cause.starts_with("a.so exports neither"));
    let mixed = format!("{}{}", lacks("b.so", "Client"), three("a.so"));
    assert_eq!(ids(&mixed), ["symbol-not-found-in-plugin", "registers-nothing"]);
    // One of each type, each lacking two: harmless.
    let fine = [("a.so", ["Client", "Modifier"]), ("b.so", ["Handler", "Client"])];
    let fine: String = fine
        .iter()
        .flat_map(|(file, symbols)| symbols.map(|symbol| lacks(file, symbol)))
        .collect();
    assert!(!ids(&fine).contains(&"registers-nothing".to_owned()));
}

#[test]
fn check_plugin_table() {
    let table = "libc\n\thave: GLIBC-2.31\n\twant: MUSL-1.2.5_(alpine-3.23.0)\n\
        go\n\thave: 1.25.7\n\twant: 1.25.6\n\
        github.com/google/uuid\n\thave: v1.3.0\n\twant: v1.6.0\n3 incompatibilities found\n";
    let explained = explained(table);
    let lines: Vec<_> = explained.iter().map(|e| (e.line, e.id.as_str())).collect();
    assert_eq!(
        lines,
        [
            (1, "check-plugin-libc"),
            (4, "check-plugin-go"),
            (7, "check-plugin-module")
        ]
    );
    assert!(
        explained[2]
            .cause
            .contains("github.com/google/uuid v1.3.0, the gateway links v1.6.0")
    );
    assert_eq!(explained[1].text, "go: have 1.25.7, want 1.25.6");
}

#[test]
fn unknown_messages_are_listed() {
    let log = "INFO: [PLUGIN: auth] ready\n\
        2026/11/25 17:11:55 ERROR: [PLUGIN: auth] the token service answers 503\n\
        2026/11/25 17:11:56 ERROR: [PLUGIN: auth] the token service answers 502\n\
        {\"level\":\"error\",\"msg\":\"plugin cache is cold\"}\n\
        ERROR: backend down\n\
        plugin #0 (a.so): plugin.Open(\"a\"): something quite new\n";
    let explained = explained(log);
    let lines: Vec<_> = explained.iter().map(|e| (e.line, e.id.as_str())).collect();
    assert_eq!(lines, [(2, UNKNOWN), (4, UNKNOWN), (6, UNKNOWN)]);
}
