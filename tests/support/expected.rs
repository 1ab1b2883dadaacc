//! What a set of logs is expected to tell, and whether it was found: `expected.json` beside the logs.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Counts by code and status.
pub type Counts = BTreeMap<(String, String), u64>;

#[derive(Debug, Deserialize)]
struct File {
    files: Vec<String>,
    errors: Vec<Cell>,
    total: Option<Total>,
}

#[derive(Debug, Deserialize)]
struct Cell {
    code: String,
    status: String,
    count: Option<u64>,
    min: Option<u64>,
    max: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct Total {
    min: u64,
    max: u64,
}

/// A set of logs with the counts expected of it.
pub struct Set {
    pub name: String,
    pub files: Vec<PathBuf>,
    cells: BTreeMap<(String, String), (u64, u64)>,
    total: (u64, u64),
}

impl Set {
    /// The sets in `tests/corpus`.
    pub fn all() -> Vec<Set> {
        let mut folders: Vec<_> = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.join("expected.json").exists())
            .collect();
        folders.sort();
        folders.iter().map(|folder| Set::read(folder)).collect()
    }

    pub fn read(folder: &Path) -> Set {
        let file: File = serde_json::from_slice(&std::fs::read(folder.join("expected.json")).unwrap()).unwrap();
        let cells: BTreeMap<_, _> = file
            .errors
            .iter()
            .map(|cell| {
                let bounds = (cell.count.or(cell.min).unwrap(), cell.count.or(cell.max).unwrap());
                ((cell.code.clone(), cell.status.clone()), bounds)
            })
            .collect();
        let sum = cells.values().fold((0, 0), |sum, cell| (sum.0 + cell.0, sum.1 + cell.1));
        Set {
            name: folder.file_name().unwrap().to_string_lossy().into_owned(),
            files: file.files.iter().map(|name| folder.join(name)).collect(),
            cells,
            total: file.total.map_or(sum, |total| (total.min, total.max)),
        }
    }

    /// The counts of a set that leaves no choice.
    pub fn exactly(&self) -> Counts {
        assert_eq!(self.total.0, self.total.1, "{} leaves a choice", self.name);
        self.cells
            .iter()
            .map(|(cell, (least, most))| {
                assert_eq!(least, most, "{} leaves a choice", self.name);
                (cell.clone(), *least)
            })
            .collect()
    }

    /// What differs from what is expected; empty if nothing does.
    pub fn differences(&self, counts: &Counts) -> Vec<String> {
        let mut differences = Vec::new();
        for (key, count) in counts {
            let (least, most) = self.cells.get(key).copied().unwrap_or((0, 0));
            if *count < least || *count > most {
                differences.push(format!("{}|{}: {count}, expected {least} to {most}", key.0, key.1));
            }
        }
        for (key, (least, _)) in &self.cells {
            if *least > 0 && !counts.contains_key(key) {
                differences.push(format!("{}|{}: none, expected {least}", key.0, key.1));
            }
        }
        let sum: u64 = counts.values().sum();
        if sum < self.total.0 || sum > self.total.1 {
            differences.push(format!("sum: {sum}, expected {} to {}", self.total.0, self.total.1));
        }
        differences
    }
}
