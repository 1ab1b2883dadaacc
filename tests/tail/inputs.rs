//! Globs: what they match, and what becomes of it when they change.

use std::fs;

use obs_error_exporter::tail::{InputOptions, Options, StartAt, TailError, Tailer};

use crate::bench::Bench;

fn input(bench: &Bench, globs: &[&str], exclude: &[&str]) -> InputOptions {
    let root = bench.folder.path().display();
    InputOptions {
        paths: globs.iter().map(|glob| format!("{root}/{glob}")).collect(),
        exclude: exclude.iter().map(|&glob| glob.to_owned()).collect(),
        start_at: StartAt::Beginning,
    }
}

#[test]
fn a_folder_stands_for_its_files_and_two_stars_for_all_below() {
    for (globs, exclude, expected) in [
        (&["logs"][..], &[][..], &["a", "b"][..]),
        (&["logs/"], &[], &["a", "b"]),
        (&["logs/**"], &[], &["a", "b", "c", "d"]),
        (&["logs/**/*.log"], &[], &["a", "c", "d"]),
        (&["logs/**/*.log"], &["c.log", "**/deep/er/**"], &["a"]),
        (&["logs/{a,deep/c}.log"], &[], &["a", "c"]),
        (&["logs/*/*.log"], &[], &["c"]),
        (&["logs/[ab]*"], &[], &["a", "b"]),
    ] {
        let mut bench = Bench::new(&[]);
        fs::create_dir_all(bench.path("logs/deep/er")).unwrap();
        for (name, line) in
            [("logs/a.log", "a\n"), ("logs/b.txt", "b\n"), ("logs/deep/c.log", "c\n"), ("logs/deep/er/d.log", "d\n")]
        {
            bench.append(name, line);
        }
        bench.options.inputs = vec![input(&bench, globs, exclude)];
        bench.tailer.update_inputs(bench.options.clone()).unwrap();
        bench.run();
        bench.expect_any_order(expected);
    }
}

#[test]
fn positions_are_kept_when_inputs_change() {
    let mut bench = Bench::new(&["a*.log"]);
    for name in ["a1.log", "a2.log", "b.log"] {
        bench.append(name, format!("{name} 1\n"));
    }
    bench.run();
    bench.options.inputs = vec![input(&bench, &["b.log"], &[]), input(&bench, &["a1.log"], &[])];
    bench.tailer.update_inputs(bench.options.clone()).unwrap();
    for name in ["a1.log", "a2.log", "b.log"] {
        bench.append(name, format!("{name} 2\n"));
    }
    bench.run();
    bench.expect_any_order(&["a1.log 1", "a2.log 1", "a1.log 2", "b.log 1", "b.log 2"]);
    assert_eq!(bench.stats().files, 2);
    assert_eq!(bench.seen.closed.len(), 1);
    let a1 = bench.tailer.files().find(|file| file.path.ends_with("a1.log")).unwrap();
    assert_eq!(a1.input, 1);
    // The consumer is told of the new input under the old key.
    let keys: Vec<_> =
        bench.seen.opened.iter().filter(|opened| opened.1.ends_with("a1.log")).map(|opened| opened.0).collect();
    assert_eq!(keys.len(), 2);
    assert_eq!(keys[0], keys[1]);
}

#[test]
fn a_wrong_glob_is_refused_and_named() {
    let mut bench = Bench::new(&["*.log"]);
    let wrong = Options { inputs: vec![input(&bench, &["[a"], &[])], ..Options::default() };
    let error = Tailer::new(wrong.clone(), Vec::new(), || {}).err().unwrap();
    assert!(matches!(error, TailError::Glob { .. }));
    assert!(error.to_string().contains("[a"));
    assert!(bench.tailer.update_inputs(wrong).is_err());
    bench.append("app.log", "one\n");
    bench.run();
    bench.expect(&["one"]);
}

#[test]
fn the_first_input_that_matches_has_the_file() {
    let mut bench = Bench::new(&[]);
    bench.append("app.log", "one\n");
    bench.options.inputs = vec![input(&bench, &["x*"], &[]), input(&bench, &["app*"], &[]), input(&bench, &["*"], &[])];
    bench.tailer.update_inputs(bench.options.clone()).unwrap();
    bench.run();
    bench.expect(&["one"]);
    assert_eq!(bench.tailer.files().next().unwrap().input, 1);
}
