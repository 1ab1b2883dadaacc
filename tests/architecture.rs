//! Holds `src/` to its architecture page, `src/README.md`: who may import whom, and what is found nowhere. Each rule is
//! a function of a path and a text, so that it is also seen to find what it forbids.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

#[path = "support/source.rs"]
mod source;

use source::{Code, code};

/// The rooms, in the order of the data, and what of the crate each may import. Tests inside a room are held to it too.
/// The page has the same table, and a test compares them.
const ROOMS: &[(&str, &[&str])] = &[
    ("tail", &[]),
    ("framing", &[]),
    ("recognise", &["framing", "catalogue"]),
    ("report", &["framing", "recognise", "catalogue"]),
    ("catalogue", &[]),
    ("tally", &["report", "catalogue"]),
    ("state", &[]),
    ("view", &["framing", "catalogue"]),
    ("web", &["view"]),
    ("rules", &["catalogue", "tally"]),
    ("dashboard", &["catalogue", "tally", "rules"]),
    ("config", &["tail", "framing", "recognise", "catalogue", "tally", "rules"]),
    (
        "app",
        &["tail", "framing", "recognise", "report", "catalogue", "tally", "state", "view", "web", "rules", "config"],
    ),
    ("cli", &["app", "catalogue", "web", "tally", "rules", "dashboard", "config"]),
    ("main", &["cli"]),
];

/// Time is a parameter here and bytes are given: no clock, no files, no sockets, no threads.
const PURE: &[&str] = &["framing", "recognise", "report", "catalogue", "tally", "rules", "dashboard"];

const LONGEST: usize = 500;

/// Which room a file of `src/` is in: its folder or its name.
fn room(path: &str) -> &str {
    let first = path.split('/').next().unwrap_or(path);
    first.strip_suffix(".rs").unwrap_or(first)
}

/// How deep a file's module is: `tail/mod.rs` 1, `tail/look.rs` 2.
fn depth(path: &str) -> usize {
    let parts = path.split('/').count();
    if path.ends_with("/mod.rs") { parts - 1 } else { parts }
}

fn imports(path: &str, text: &str) -> Vec<String> {
    let own = room(path);
    let Some((_, allowed)) = ROOMS.iter().find(|(name, _)| *name == own) else {
        // the root only names the modules
        return if own == "lib" { Vec::new() } else { vec![format!("{path}: the room {own} is not in the table")] };
    };
    let Code { all, tests, .. } = code(text);
    let mut names = all.after("crate");
    names.extend(all.after("obs_error_exporter"));
    names.extend(all.above(depth(path), &tests));
    names
        .into_iter()
        .filter(|name| name != own && ROOMS.iter().any(|(room, _)| room == name) && !allowed.contains(&name.as_str()))
        .map(|name| format!("{path}: {own} may not know {name}"))
        .collect()
}

fn clock_and_io(path: &str, text: &str) -> Vec<String> {
    // the way through all rooms, in one file of the room that knows them, is as pure as they are
    if !PURE.contains(&room(path)) && path != "app/pipeline.rs" {
        return Vec::new();
    }
    let code = code(text).without_tests;
    let mut found: Vec<String> = ["fs", "io", "net", "process", "thread", "env"]
        .iter()
        .filter(|name| code.after("std").contains(**name))
        .map(|name| format!("{path}: std::{name} in a room without I/O"))
        .collect();
    found.extend(
        ["Instant", "SystemTime", "UNIX_EPOCH"]
            .iter()
            .filter(|word| code.has(word))
            .map(|word| format!("{path}: {word} in a room without a clock")),
    );
    found
}

fn foreign(path: &str, text: &str) -> Vec<String> {
    // who gets an error of the library wants to know which; who ends the program wants the whole story
    const ONLY: &[(&str, &[&str])] = &[
        ("anyhow", &["app", "cli", "main"]),
        ("prometheus", &["tally"]),
        ("hyper", &["web"]),
        ("notify", &["tail"]),
        ("tokio", &["web", "app"]),
    ];
    let code = code(text).without_tests;
    ONLY.iter()
        .filter(|(name, rooms)| !code.after(name).is_empty() && !rooms.contains(&room(path)))
        .map(|(name, rooms)| format!("{path}: {name} belongs to {}", rooms.join(", ")))
        .collect()
}

fn unsafe_code(path: &str, text: &str) -> Vec<String> {
    if code(text).all.has("unsafe") { vec![format!("{path}: unsafe")] } else { Vec::new() }
}

fn length(path: &str, text: &str) -> Vec<String> {
    let lines = text.lines().count();
    if lines > LONGEST { vec![format!("{path}: {lines} lines, more than {LONGEST}")] } else { Vec::new() }
}

fn name(path: &str, text: &str) -> Vec<String> {
    const EMPTY: &[&str] = &["util", "utils", "common", "helper", "helpers", "manager", "managers", "misc"];
    let words = code(text).all;
    let inline = words.modules().into_iter();
    let parts = path.split('/').map(|part| part.strip_suffix(".rs").unwrap_or(part).to_owned());
    parts
        .chain(inline)
        .filter(|part| EMPTY.contains(&part.as_str()))
        .map(|part| format!("{path}: {part} is a name for anything"))
        .collect()
}

/// The rows of the page's table of rooms: the name, and what it may import.
fn page_rooms(page: &str) -> Vec<(String, BTreeSet<String>)> {
    page.lines()
        .skip_while(|line| !line.starts_with("| room |"))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells: Vec<_> = line.split('|').map(str::trim).collect();
            let name = cells[1].trim_matches('`').trim_end_matches('/').trim_end_matches(".rs");
            let imports = cells.get(4).copied().unwrap_or_default();
            let imports = imports.split(',').map(|name| name.trim().trim_matches('`').to_owned());
            (name.to_owned(), imports.filter(|name| !name.is_empty() && name != "–").collect())
        })
        .collect()
}

/// What of `src/` the page does not name, and where page and test disagree.
fn page(files: &[String], page: &str) -> Vec<String> {
    let rooms = page_rooms(page);
    let mut wrong = Vec::new();
    for room in files.iter().map(|path| room(path)).filter(|room| *room != "lib").collect::<BTreeSet<_>>() {
        if !rooms.iter().any(|(name, _)| name == room) {
            wrong.push(format!("src/README.md: no row for {room}"));
        }
    }
    for (name, imports) in &rooms {
        let held = ROOMS.iter().find(|(room, _)| room == name).map(|(_, allowed)| *allowed);
        if held.map(|allowed| allowed.iter().map(|name| (*name).to_owned()).collect()).as_ref() != Some(imports) {
            wrong.push(format!("src/README.md: {name} may import {imports:?}, but what is held is {held:?}"));
        }
    }
    wrong
}

/// The paths that the page names and that are not there.
fn dead_paths(page: &str) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let named =
        page.split('`').skip(1).step_by(2).filter(|name| name.starts_with("tests/") || name.starts_with("src/"));
    named.filter(|name| !name.contains("NAME") && !root.join(name).exists()).map(str::to_owned).collect()
}

fn files() -> Vec<(String, String)> {
    fn walk(root: &Path, folder: &Path, files: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(root, &path, files);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                files.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    walk(&root, &root, &mut files);
    files.sort();
    assert!(files.len() > 50, "files are missing");
    files
}

fn hold(rule: fn(&str, &str) -> Vec<String>) {
    let wrong: Vec<_> = files().iter().flat_map(|(path, text)| rule(path, text)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The rule finds something in each of the first texts, and nothing in the others.
fn finds(rule: fn(&str, &str) -> Vec<String>, bad: &[(&str, &str)], good: &[(&str, &str)]) {
    for (path, text) in bad {
        assert!(!rule(path, text).is_empty(), "{path}: {text:?} was let through");
    }
    for (path, text) in good {
        assert_eq!(rule(path, text), [""; 0], "{path}: {text:?}");
    }
}

#[test]
fn imports_go_one_way() {
    finds(
        imports,
        &[
            ("framing/lines.rs", "use crate::tail::Offset;"),
            ("tail/mod.rs", "fn f() -> crate::tally::Family { todo!() }"),
            ("recognise/xml.rs", "use crate::{catalogue::Catalogue, report};"),
            ("recognise/xml.rs", "use crate::{\n    catalogue::{Catalogue, Entry},\n    web::{self},\n};"),
            ("web/mod.rs", "use super::tally::Family;"),
            ("web/routes.rs", "use super::super::tally::Family;"),
            ("web/routes.rs", "#[cfg(test)]\nmod tests {\n    use super::super::super::tally;\n}"),
            ("web/routes.rs", "#[cfg(test)]\nmod tests {\n    use crate::tally;\n}"),
            ("main.rs", "fn main() { obs_error_exporter::app::serve::serve() }"),
            ("attic/mod.rs", ""),
        ],
        &[
            (
                "framing/lines.rs",
                "//! What [`crate::tail`] reads.\nconst A: &str = \"crate::tail::X\"; // crate::tail::Y",
            ),
            ("recognise/xml.rs", "use crate::catalogue::{self, tail};\nuse crate::framing;"),
            ("web/routes.rs", "use super::address;\nuse crate::web::Options;\nlet tail = 1;"),
            ("web/routes.rs", "#[cfg(test)]\nmod tests {\n    use super::super::tally;\n}"),
            ("main.rs", "fn main() { obs_error_exporter::cli::main() }"),
        ],
    );
    hold(imports);
}

#[test]
fn rooms_without_clock_and_io() {
    finds(
        clock_and_io,
        &[
            ("report/merge.rs", "use std::time::{Duration, Instant};"),
            ("tally/mod.rs", "fn f() { std::time::SystemTime::now(); }"),
            ("framing/lines.rs", "use std::{collections::HashMap, fs::File};"),
            ("recognise/xml.rs", "use std::io::Read;"),
            ("app/pipeline.rs", "use std::fs;"),
        ],
        &[
            ("report/merge.rs", "use std::time::Duration; // not Instant"),
            ("framing/lines.rs", "#[cfg(test)]\nmod tests {\n    use std::fs;\n}"),
            ("tail/look.rs", "use std::fs::File;"),
        ],
    );
    hold(clock_and_io);
}

#[test]
fn crates_stay_in_their_rooms() {
    finds(
        foreign,
        &[("tail/look.rs", "use anyhow::Context;"), ("report/mod.rs", "fn f(_: prometheus::Counter) {}")],
        &[("cli/mod.rs", "use anyhow::Context;"), ("tail/look.rs", "// anyhow::Error\nuse crate::anyhow_not;")],
    );
    hold(foreign);
}

#[test]
fn nothing_is_unsafe() {
    finds(
        unsafe_code,
        &[("tail/look.rs", "fn f() { unsafe { g() } }"), ("tail/look.rs", "#[cfg(test)]\nmod t { unsafe fn f() {} }")],
        &[(
            "lib.rs",
            "#![forbid(unsafe_code)]\n// unsafe\nconst A: &str = \"unsafe\"; const B: char = '\"'; // unsafe",
        )],
    );
    hold(unsafe_code);
}

#[test]
fn files_can_be_read_in_one_go() {
    finds(length, &[("tail/look.rs", &"x\n".repeat(501))], &[("tail/look.rs", &"x\n".repeat(500))]);
    hold(length);
}

#[test]
fn names_say_something() {
    finds(
        name,
        &[("tail/utils.rs", ""), ("common/mod.rs", ""), ("tail/look.rs", "mod helpers {\n}")],
        &[("tail/commons.rs", "mod look;\nlet manager = 1;")],
    );
    hold(name);
}

#[test]
fn the_page_names_every_room() {
    let all: Vec<_> = files().into_iter().map(|(path, _)| path).collect();
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/README.md")).unwrap();
    assert_eq!(page(&all, &text), [""; 0]);

    let with = |path: &str| all.iter().cloned().chain([path.to_owned()]).collect::<Vec<_>>();
    assert_eq!(page(&with("attic/mod.rs"), &text), ["src/README.md: no row for attic"]);
    let row = text.lines().find(|line| line.starts_with("| `tail/`")).unwrap();
    assert_eq!(page(&all, &text.replace(row, "| `tail/` | files | OBS | `web` |")).len(), 1);
    assert_eq!(page(&all, &text.replace(&format!("{row}\n"), "")), ["src/README.md: no row for tail"]);

    assert_eq!(dead_paths("`tests/corpus.rs` `x` `tests/gone.rs`"), ["tests/gone.rs"]);
    assert_eq!(dead_paths(&text), [""; 0]);
}
