//! A link that is pointed to other files at random, against an in-memory truth.
//!
//! Each line is delivered exactly once, but for those of a file that the link pointed to only between two looks (or
//! after what was saved last, if a crash comes in between): nothing leads to that file any more.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::symlink;

use proptest::prelude::*;

use crate::bench::Bench;

#[derive(Debug, Clone, Copy)]
enum Op {
    Append,
    Swap,
    /// A writer holds on to the file that the link pointed to before.
    Late,
    Look,
    Pass(u8),
    Save,
    Crash,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => Just(Op::Append),
        2 => Just(Op::Swap),
        2 => Just(Op::Late),
        4 => Just(Op::Look),
        1 => (1_u8..12).prop_map(Op::Pass),
        2 => Just(Op::Save),
        1 => Just(Op::Crash),
    ]
}

struct World {
    bench: Bench,
    target: u32,
    lines: BTreeMap<u32, Vec<u32>>,
    looked: BTreeSet<u32>,
    next: u32,
    excused: BTreeSet<u32>,
    saved: (Vec<u8>, Vec<String>, BTreeSet<u32>),
}

impl World {
    fn new() -> Self {
        let bench = Bench::new(&["app.log"]);
        fs::create_dir(bench.path("data")).unwrap();
        let saved = (Vec::new(), Vec::new(), BTreeSet::new());
        let (lines, looked, excused) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
        let mut world = Self { bench, target: 0, lines, looked, next: 0, excused, saved };
        world.apply(Op::Swap);
        world.apply(Op::Append);
        world.apply(Op::Look);
        world.apply(Op::Save);
        world
    }

    fn write(&mut self, target: u32) {
        self.next += 1;
        self.bench.append(&format!("data/target{target}"), format!("line {:05}\n", self.next));
        self.lines.entry(target).or_default().push(self.next);
    }

    fn excuse(&mut self, target: u32) {
        self.excused.extend(self.lines.get(&target).into_iter().flatten());
    }

    fn apply(&mut self, op: Op) {
        match op {
            Op::Append => self.write(self.target),
            Op::Late if self.looked.contains(&(self.target - 1)) => self.write(self.target - 1),
            Op::Late => {}
            Op::Swap => {
                if !self.looked.contains(&self.target) {
                    self.excuse(self.target);
                }
                self.target += 1;
                fs::write(self.bench.path(&format!("data/target{}", self.target)), "").unwrap();
                symlink(format!("data/target{}", self.target), self.bench.path("new")).unwrap();
                self.bench.rename("new", "app.log");
            }
            Op::Look | Op::Pass(_) => {
                self.looked.insert(self.target);
                match op {
                    Op::Pass(seconds) => self.bench.pass(u64::from(seconds)),
                    _ => self.bench.run(),
                }
            }
            Op::Save => self.saved = (self.bench.save(), self.bench.seen.lines.clone(), self.looked.clone()),
            Op::Crash => {
                let (saved, lines, looked) = self.saved.clone();
                for target in self.looked.difference(&looked).copied().collect::<Vec<_>>() {
                    if target != self.target {
                        self.excuse(target);
                    }
                }
                self.looked = looked;
                self.bench.seen.lines = lines;
                self.bench.restart_from(&saved);
            }
        }
    }

    fn check(&mut self) -> Result<(), TestCaseError> {
        self.bench.pass(20);
        let mut times: BTreeMap<&str, usize> = BTreeMap::new();
        for line in &self.bench.seen.lines {
            *times.entry(line).or_default() += 1;
        }
        for id in 1..=self.next {
            let line = format!("line {id:05}");
            let times = times.get(line.as_str()).copied().unwrap_or(0);
            let allowed = times == 1 || times == 0 && self.excused.contains(&id);
            prop_assert!(allowed, "{} came {} times", line, times);
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: crate::model::cases(), max_shrink_iters: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_line_behind_the_link_is_delivered_once(ops in prop::collection::vec(op(), 1..40)) {
        let mut world = World::new();
        for op in ops {
            world.apply(op);
        }
        world.check()?;
    }
}
