//! Configurations of version 3 and 4: which one a gateway reads, and from the one to the other.

use std::fs;

use snapbox::str;

use crate::support::case::Case;

const ENTERPRISE: &str = "KrakenD Version: 3.0.4-ee\nGo Version: 1.26.5\nGlibc Version: MUSL-1.2.5_(alpine-3.23.0)\n";
const OLD: &str = r#"{
  "$schema": "https://www.krakend.io/schema/v2.13/krakend.json",
  "version": 3,
  "plugin": {"pattern": ".so", "folder": "/opt/krakend/plugins"},
  "extra_config": {
    "plugin/http-server": {"name": ["auth"], "auth": {"realm": "x"}}
  }
}
"#;

fn case() -> Case {
    Case::empty()
        .file("work/ee.txt", ENTERPRISE)
        .file("work/krakend.json", OLD)
}

#[test]
fn gateway_decides_the_version() {
    let case = case();
    case.run("config check krakend.json --gateway ./ee.txt").is(str![[r#"
exit: 1
--- stdout
krakend.json:3:14: error: `version` is 3, and KrakenD 3.0.4-ee reads version 4: the gateway refuses to start
  help: `plugbuild config migrate krakend.json` brings its plugins to version 4
krakend.json:4:42: warning: `/opt/krakend/plugins` does not end with a slash, which KrakenD's documentation demands
  help: write `/opt/krakend/plugins/`
krakend.json:4:42: warning: there is no /opt/krakend/plugins on this machine; where the gateway runs there must be one
--- stderr
error: krakend.json: 1 error and 2 warnings

"#]]);
    // The gateway of the settings decides too, and is not needed where it is not found.
    let case = case.file("work/plugbuild.toml", "[gateway]\nversion = \"./ee.txt\"\n");
    let checked = case.run("config check krakend.json");
    assert!(
        checked.exits(1).stdout.contains("KrakenD 3.0.4-ee reads version 4"),
        "{}",
        checked.stdout
    );
    let injected = case.run("config inject krakend.json --plugin cache --type handler --dry-run");
    assert!(
        injected
            .exits(0)
            .stderr
            .contains("krakend.json is of version 3, and KrakenD 3.0.4-ee reads version 4"),
        "{}",
        injected.stderr
    );
    let case = case.file("work/plugbuild.toml", "[gateway]\nversion = \"./nowhere\"\n");
    case.run("config check krakend.json").exits(0);
}

#[test]
fn migration_is_shown_and_then_written() {
    let case = case();
    case.run("config migrate krakend.json").is(str![[r#"
exit: 0
--- stdout
--- krakend.json
+++ krakend.json
@@ -1,8 +1,20 @@
 {
-  "$schema": "https://www.krakend.io/schema/v2.13/krakend.json",
-  "version": 3,
-  "plugin": {"pattern": ".so", "folder": "/opt/krakend/plugins"},
+  "$schema": "https://www.krakend.io/schema/v3.0/krakend.json",
+  "version": 4,
   "extra_config": {
-    "plugin/http-server": {"name": ["auth"], "auth": {"realm": "x"}}
+    "plugin": {
+      "pattern": ".so",
+      "folder": "/opt/krakend/plugins/"
+    },
+    "plugin/http-server": {
+      "plugins": [
+        {
+          "name": "auth",
+          "config": {
+            "realm": "x"
+          }
+        }
+      ]
+    }
   }
 }
--- stderr
       shown what `--write` changes in krakend.json
        note from KrakenD 3 on, the gateway does not start if a plugin cannot be loaded; `on_load_error` of a plugin says otherwise
        note only the plugin parts are changed; what else is new in KrakenD 3: https://www.krakend.io/docs/enterprise/configuration/migrating/

"#]]);
    assert_eq!(fs::read_to_string(case.at("work/krakend.json")).unwrap(), OLD);
    case.run("config migrate krakend.json --write -q").exits(0);
    let new = fs::read_to_string(case.at("work/krakend.json")).unwrap();
    assert!(new.contains("\"version\": 4"), "{new}");
    case.run("config check krakend.json --gateway ./ee.txt").exits(0);
    let again = case.run("config migrate krakend.json --write");
    assert!(again.exits(0).stderr.contains("unchanged"), "{}", again.stderr);
    assert_eq!(fs::read_to_string(case.at("work/krakend.json")).unwrap(), new);
    case.run("config migrate krakend.json --message-format json -q").is(str![[r#"
exit: 0
--- stdout
{"changed":false,"diff":"--- krakend.json\n+++ krakend.json\n","file":"krakend.json","left":[],"reason":"config-migrated","to":4,"written":false}

"#]]);
    let back = case.run("config check krakend.json --gateway 2.13.8");
    assert!(
        back.exits(1)
            .stdout
            .contains("`version` is 4, and KrakenD 2.13.8 reads version 3"),
        "{}",
        back.stdout
    );
}

#[test]
fn migration_says_what_it_leaves() {
    let yaml = "version: 3\nplugin: {folder: ./p/}\nextra_config:\n  plugin/http-server: {name: [a], shared: 1}\n";
    let case = Case::empty().file("work/k.yaml", yaml);
    let shown = case.run("config migrate k.yaml");
    for text in [
        "left to you: `plugin` has no `pattern`, which version 4 requires",
        "left to you: `shared` is not a key of `plugin/http-server`",
    ] {
        assert!(shown.exits(0).stderr.contains(text), "{}", shown.stderr);
    }
    assert!(shown.stdout.contains("+  \"version\": 4"), "{}", shown.stdout);
    let written = case.run("config migrate k.yaml --write");
    assert!(
        written.exits(2).stderr.contains("k.yaml is not a .json file"),
        "{}",
        written.stderr
    );
    let other = case.run("config migrate k.yaml --gateway 2.13.8");
    assert!(
        other.exits(2).stderr.contains("reads configurations of version 3"),
        "{}",
        other.stderr
    );
    let case = case.file("work/t.json", "{\"version\": 3, \"endpoints\": [{{ range . }}]}");
    case.run("config migrate t.json").exits(2);
    let case = case.file("work/old.json", "{\"version\": 2}");
    let refused = case.run("config migrate old.json");
    assert!(refused.exits(2).stderr.contains("`version` is 2"), "{}", refused.stderr);
}

/// An editor reads the schema that a configuration names.
#[test]
fn new_names_the_schema_of_its_gateway() {
    let case = case();
    for (name, gateway, version, schema) in [
        (
            "newest",
            "2.13.8",
            3,
            "https://www.krakend.io/schema/v2.13/krakend.json",
        ),
        ("first", "2.0.5", 3, "https://www.krakend.io/schema/v3.json"),
        (
            "enterprise",
            "./ee.txt",
            4,
            "https://www.krakend.io/schema/v3.0/krakend.json",
        ),
    ] {
        case.run(&format!("new {name} --type modifier --gateway {gateway} -q"))
            .exits(0);
        let text = fs::read_to_string(case.at(&format!("work/{name}/krakend.json"))).unwrap();
        assert!(
            text.contains(&format!("\"$schema\": \"{schema}\",\n  \"version\": {version},")),
            "{text}"
        );
        let checked = case.run(&format!("config check {name}/krakend.json {name} --gateway {gateway}"));
        assert!(checked.exits(0).stderr.contains("no errors"), "{}", checked.stderr);
    }
}
