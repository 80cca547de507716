//! The copies of go.mod: one go command at a time writes one, any number read it, and what cannot be listed is said.

use std::fs;
use std::path::PathBuf;

use crate::modules::align::{builds_and_loads, new};
use crate::support::case::{Case, go_script};
use crate::support::{cache, root};

/// A go command that refuses to write where another is writing, as the real one does when it notices; it selects the
/// gateway's uuid where a copy replaces it, and an older one elsewhere. It keeps what it was asked in `home/asked`.
fn watchful(lists_modules: &str) -> String {
    let list = format!(
        r#"echo "$*" >> "$HOME/asked"
if [ "$1" = list ]; then
    case "$*" in
        *-mod=mod*)
            mkdir "$HOME/writing" 2>/dev/null || {{
                echo 'go: updating go.mod: existing contents have changed since last read' >&2
                exit 1
            }}
            sleep 0.2
            rmdir "$HOME/writing"
            ;;
    esac
    version=v1.4.0
    case "$*" in *-modfile=*/for-*) version=v1.6.0 ;; esac
    uuid="github.com/google/uuid\t$version\tfalse\tfalse\t1.19\t/nowhere\t\t\t"
    case "$*" in
        *" -m "*) {lists_modules} ;;
        *" -deps "*)
            printf "github.com/google/uuid\ttrue\t\t/nowhere\tuuid.go,\t$uuid\n"
            printf "example.com/handler\tfalse\tgithub.com/google/uuid\t/nowhere\tmain.go,\texample.com/handler\t\ttrue\tfalse\t1.19\t/nowhere\t\t\t\n"
            ;;
    esac
fi
"#
    );
    list + &go_script("1.25.6", "")
}

fn plugin(lists_modules: &str) -> Case {
    let module = "module example.com/handler\n\ngo 1.19\n\nrequire github.com/google/uuid v1.4.0\n";
    Case::plugin()
        .file("work/go.mod", module)
        .file("home/sdk/go1.25.6/VERSION", "go1.25.6\n")
        .script("home/sdk/go1.25.6/bin/go", &watchful(lists_modules))
        .zig()
}

const LISTS: &str = r#"printf "$uuid\n""#;
const BUILD: &str = "-g 2.12.1 -a amd64 -l glibc";

/// What the go command was asked since the last time.
fn asked(case: &Case) -> Vec<String> {
    let log = case.at("home/asked");
    let text = fs::read_to_string(&log).unwrap();
    fs::remove_file(&log).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn copy_has_one_writer() {
    let case = plugin(LISTS);
    let writers = |asked: &[String]| asked.iter().filter(|line| line.contains("-mod=mod")).count();
    let ran = case.run(BUILD);
    assert!(ran.stderr.contains("uuid v1.4.0 → v1.6.0"), "{}", ran.text());
    let first = asked(&case);
    assert_eq!(writers(&first), 4, "{first:#?}");
    let builds = |asked: &[String]| {
        let built: Vec<&String> = asked.iter().filter(|line| line.starts_with("build ")).collect();
        assert_eq!(built.len(), 1, "{asked:#?}");
        assert!(built[0].starts_with("build -mod=readonly -modfile="), "{}", built[0]);
    };
    builds(&first);
    // The user's -mod would have several builds write it.
    case.run(&format!("{BUILD} --align always -- -mod=mod"));
    builds(&asked(&case));
    fs::write(case.at("work/more.go"), "package main\n").unwrap();
    case.run(BUILD);
    let again = asked(&case);
    assert_eq!(writers(&again), 0, "nothing new is needed: {again:#?}");
    builds(&again);
    case.run("-g 2.12.1 -a arm64 -l glibc");
    assert!(writers(&asked(&case)) > 0, "another target may need more sums");
}

#[test]
fn missing_build_list_is_an_error() {
    let case = plugin("echo 'go: example.com/gone@v1.0.0: 404 Not Found' >&2; exit 1");
    for command in [BUILD, "check -g 2.12.1"] {
        let ran = case.run(command);
        let said = "warning: the build list of example.com/handler is not known, only what is compiled in is compared: go: example.com/gone@v1.0.0: 404 Not Found";
        assert!(ran.stderr.contains(said), "{}", ran.text());
        // What is compiled in is known all the same.
        assert!(ran.text().contains("uuid"), "{}", ran.text());
    }
}

/// Modules whose go.mod the go command must bring up to date before it can list them, as it must with each before Go 1.17:
/// a name, the go line, what is required, what is imported.
const SHAPES: [[&str; 4]; 4] = [
    [
        "old-lura",
        "1.16",
        "github.com/luraproject/lura/v2 v2.2.2",
        "github.com/luraproject/lura/v2/config",
    ],
    [
        "old-grpc",
        "1.12",
        "github.com/golang/protobuf v1.3.2\n\tgoogle.golang.org/genproto v0.0.0-20190819201941-24fa4b261c55\n\tgoogle.golang.org/grpc v1.26.0",
        "google.golang.org/grpc/status",
    ],
    [
        "otel",
        "1.24.0",
        "github.com/golang-jwt/jwt/v5 v5.3.0\n\tgo.opentelemetry.io/otel v1.38.0",
        "go.opentelemetry.io/otel",
    ],
    // The gateway's gin wants a codec that older modules have in another module.
    [
        "split",
        "1.17",
        "github.com/gin-gonic/gin v1.8.1\n\tgithub.com/luraproject/lura v1.4.1",
        "github.com/gin-gonic/gin\"\n\t_ \"github.com/luraproject/lura/config",
    ],
];

fn shape([name, line, requires, import]: [&str; 4], of: &str) -> PathBuf {
    let source = fs::read_to_string(root().join("tests/fixtures/copies/main.go")).unwrap();
    let folder = cache().join(of).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let module = format!("module example.com/{name}\n\ngo {line}\n\nrequire (\n\t{requires}\n)\n");
    fs::write(folder.join("go.mod"), module).unwrap();
    fs::write(folder.join("main.go"), source.replace("IMPORT", import)).unwrap();
    folder
}

#[test]
fn old_go_lines_load() {
    let (release, gateway) = new();
    for one in SHAPES {
        let folder = shape(one, "copies");
        let (said, _) = builds_and_loads(&folder, &folder, &release, &gateway);
        assert!(said.contains(" aligned "), "{}: {said}", one[0]);
    }
}
