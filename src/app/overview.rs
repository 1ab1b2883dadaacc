//! What there is to be shown to people: from counters, notes and the tailer's positions to a [`View`].

use super::board::Shown;
use super::build;
use super::observer::Observer;
use super::pipeline::Pipeline;
use super::recent::{Counted, MINUTES};
use crate::catalogue::Category;
use crate::report::{Code, Kind, RequestId};
use crate::tail::{FileStatus, Tailer, WatchMode};
use crate::tally::{Family, metrics};
use crate::view::{
    CategoryErrors, Errors, File, FileState, Files, Input, NOW_MINUTES, RecentErrors, Report, Severity, Status, Time,
    View, Warning, WarningKind,
};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

/// So many codes and statuses are listed; there are more only where logs are forged.
const MOST_ERRORS: usize = 1000;

/// More unread bytes than these are more than what was written a moment ago.
const BEHIND: u64 = 10_000_000;

/// What the engine knows beside what the others know.
#[derive(Debug, Clone, Copy)]
pub struct Circumstances {
    /// When the process was started.
    pub started: SystemTime,
    /// Whether there is a state folder.
    pub kept: bool,
    /// Whether it can be written.
    pub failing: bool,
    /// When it was last written.
    pub last_commit: Option<SystemTime>,
}

/// Milliseconds since 1970.
pub fn millis(at: SystemTime) -> i64 {
    at.duration_since(UNIX_EPOCH).ok().and_then(|since| i64::try_from(since.as_millis()).ok()).unwrap_or(0)
}

/// All that can be shown: counters as they were shown last, files as they are, and `most` of them at most.
pub fn view<O: Observer>(
    shown: &Shown,
    pipeline: &Pipeline<O>,
    tailer: &Tailer,
    known: Circumstances,
    most: usize,
) -> View {
    let now = millis(SystemTime::now());
    let mut errors = errors(shown, pipeline, now);
    let recent = recent(&errors);
    errors.truncate(MOST_ERRORS);
    let files = files(tailer, most);
    let status = Status {
        version: build::VERSION,
        revision: build::REVISION,
        started: Time(millis(known.started)),
        now: Time(now),
        ready: tailer.caught_up(),
        durable: known.kept && !known.failing,
        last_commit: known.last_commit.map(|at| Time(millis(at))),
        watch_mode: match tailer.stats().watch_mode {
            WatchMode::Notify => "notify",
            WatchMode::Poll => "poll",
        },
        warnings: warnings(&files, tailer.caught_up(), known),
        recent,
        errors,
        counters: counters(&shown.families),
        lost_bytes: by_label(&shown.families, &metrics::LOST_BYTES),
        read_errors: by_label(&shown.families, &metrics::READ_ERRORS),
        inputs: inputs(pipeline, tailer),
        files,
    };
    let mut reports: Vec<Report> = shown.recent.last().map(|counted| report(counted, pipeline)).collect();
    reports.sort_by_key(|report| Reverse(report.time)); // those of one moment as they were counted
    View { status, reports, catalogue: pipeline.tally.codes.catalogue() }
}

fn status_label(status: Option<u16>) -> String {
    status.map_or_else(|| "unknown".to_owned(), |status| status.to_string())
}

fn report<O: Observer>(counted: &Counted, pipeline: &Pipeline<O>) -> Report {
    let Counted { at, finding } = counted;
    let codes = &pipeline.tally.codes;
    let status = codes.status(finding.code, finding.status);
    let category = codes.category(finding.code, status);
    Report {
        time: Time(*at),
        logged: finding.time.map(|stamp| stamp.to_string()),
        code: codes.name(finding.code).to_owned(),
        status: status_label(status),
        category,
        severity: Severity::of(category),
        request_id: finding.id.as_ref().and_then(RequestId::text).map(str::to_owned),
        file: finding.log.as_ref().map(|log| log.path.clone()),
        recogniser: pipeline
            .recognisers
            .get(finding.origin.recogniser.into())
            .map_or_else(String::new, |recogniser| recogniser.name().to_owned()),
        labels: finding.log.iter().flat_map(|log| log.labels.iter().cloned()).collect(),
    }
}

/// When the logs told of a code and status.
#[derive(Clone, Copy)]
struct Heard {
    last: i64,
    minutes: [u32; MINUTES],
}

impl Heard {
    fn add(&mut self, other: &Self) {
        self.last = self.last.max(other.last);
        for (count, more) in self.minutes.iter_mut().zip(other.minutes) {
            *count = count.saturating_add(more);
        }
    }

    fn recent(&self) -> u64 {
        self.minutes[MINUTES - NOW_MINUTES..].iter().map(|count| u64::from(*count)).sum()
    }
}

/// The errors by code and status: what is happening now first, the worst of it first, then the newest.
fn errors<O: Observer>(shown: &Shown, pipeline: &Pipeline<O>, now: i64) -> Vec<Errors> {
    let codes = &pipeline.tally.codes;
    let mut heard: BTreeMap<(Option<Code>, Option<u16>), Heard> = BTreeMap::new();
    for (Kind { code, status: logged }, activity) in shown.recent.activity() {
        // a status that was not logged is the catalogue's, so two may be of one row
        let more = Heard { last: activity.last, minutes: activity.minutes(now) };
        heard
            .entry((code, codes.status(code, logged)))
            .and_modify(|heard: &mut Heard| heard.add(&more))
            .or_insert(more);
    }
    let mut errors: Vec<Errors> = shown
        .totals
        .iter()
        .map(|((code, status), count)| {
            let heard = heard.get(&(*code, *status));
            let entry = code.and_then(|code| codes.entry(code));
            let category = codes.category(*code, *status);
            Errors {
                code: codes.name(*code).to_owned(),
                status: status_label(*status),
                category,
                severity: Severity::of(category),
                retryable: entry.map(|entry| entry.retryable),
                owner: entry.map(|entry| entry.owner),
                count: *count,
                recent: heard.map_or(0, Heard::recent),
                last_seen: heard.map(|heard| Time(heard.last)),
                per_minute: heard.map_or([0; MINUTES], |heard| heard.minutes).to_vec(),
            }
        })
        .collect();
    errors.sort_by(|one, other| {
        let urgency = |errors: &Errors| if errors.recent > 0 { Some(Reverse(errors.severity)) } else { None };
        let order = (urgency(other), other.last_seen).cmp(&(urgency(one), one.last_seen));
        order.then_with(|| (&one.code, &one.status).cmp(&(&other.code, &other.status)))
    });
    errors
}

/// The errors of the last minutes by category, the newest first.
fn recent(errors: &[Errors]) -> RecentErrors {
    let mut categories: BTreeMap<Category, CategoryErrors> = BTreeMap::new();
    for errors in errors.iter().filter(|errors| errors.recent > 0) {
        let last = errors.last_seen.unwrap_or_default();
        let category = categories.entry(errors.category).or_insert_with(|| CategoryErrors {
            category: errors.category,
            severity: errors.severity,
            count: 0,
            last_seen: last,
            per_minute: vec![0; MINUTES],
        });
        category.count += errors.recent;
        category.last_seen = category.last_seen.max(last);
        for (count, more) in category.per_minute.iter_mut().zip(&errors.per_minute) {
            *count = count.saturating_add(*more);
        }
    }
    let mut categories: Vec<CategoryErrors> = categories.into_values().collect();
    categories.sort_by_key(|category| (Reverse(category.last_seen), category.category));
    RecentErrors {
        minutes: NOW_MINUTES,
        count: categories.iter().map(|category| category.count).sum(),
        severity: categories.iter().map(|category| category.severity).min(),
        categories,
    }
}

fn warnings(files: &Files, ready: bool, known: Circumstances) -> Vec<Warning> {
    let kinds = [
        (WarningKind::NotReady, !ready, None),
        (WarningKind::NoFiles, ready && files.total == 0, None),
        (WarningKind::FilesFailing, files.failing > 0, Some(files.failing)),
        (WarningKind::Behind, ready && files.lag > BEHIND, Some(files.lag)),
        (WarningKind::StateFailing, known.failing, None),
        (WarningKind::NoState, !known.kept, None),
    ];
    kinds.into_iter().filter(|(_, so, _)| *so).map(|(kind, _, count)| Warning { kind, count }).collect()
}

/// The counters without labels, by their names without prefix and suffix.
fn counters(families: &[Family]) -> BTreeMap<&'static str, u64> {
    let counters = families.iter().filter_map(|family| {
        let name = family.metric.name.strip_prefix("obs_error_exporter_")?.strip_suffix("_total")?;
        let sample = family.samples.first().filter(|_| family.metric.labels.is_empty())?;
        Some((name, sample.value as u64))
    });
    counters.collect()
}

fn by_label(families: &[Family], metric: &metrics::Metric) -> BTreeMap<String, u64> {
    let samples = families.iter().filter(|family| family.metric == metric).flat_map(|family| &family.samples);
    let values = samples.filter_map(|sample| Some((sample.labels.pairs().into_iter().next()?.1, sample.value as u64)));
    values.filter(|(_, value)| *value > 0).collect()
}

fn inputs<O: Observer>(pipeline: &Pipeline<O>, tailer: &Tailer) -> Vec<Input> {
    let mut inputs: Vec<Input> = tailer
        .inputs()
        .iter()
        .enumerate()
        .map(|(number, input)| Input {
            paths: input.paths.clone(),
            exclude: input.exclude.clone(),
            labels: pipeline.inputs.get(number).map(|plan| plan.labels.iter().cloned().collect()).unwrap_or_default(),
            files: 0,
            lag: 0,
        })
        .collect();
    for file in tailer.files() {
        if let Some(input) = inputs.get_mut(file.input) {
            input.files += 1;
            input.lag += file.lag;
        }
    }
    inputs
}

fn files(tailer: &Tailer, most: usize) -> Files {
    let mut all: Vec<FileStatus<'_>> = tailer.files().collect();
    let mut files = Files {
        total: all.len() as u64,
        failing: all.iter().filter(|file| state(file) == FileState::Failing).count() as u64,
        lag: all.iter().map(|file| file.lag).sum(),
        list: Vec::new(),
    };
    let order = |one: &FileStatus<'_>, other: &FileStatus<'_>| {
        let rank = |file: &FileStatus<'_>| (state(file) == FileState::Failing, file.lag);
        rank(other).cmp(&rank(one)).then_with(|| one.path.cmp(other.path))
    };
    if all.len() > most {
        if most > 0 {
            all.select_nth_unstable_by(most - 1, order); // of ten thousand, only those that are shown are sorted
        }
        all.truncate(most);
    }
    all.sort_by(order);
    files.list = all.iter().map(file).collect();
    files
}

fn state(file: &FileStatus<'_>) -> FileState {
    match file.state {
        "live" => FileState::Live,
        "rotated" => FileState::Rotated,
        "waiting" => FileState::Waiting,
        _ => FileState::Failing,
    }
}

fn file(file: &FileStatus<'_>) -> File {
    let state = state(file);
    File {
        path: file.path.to_string_lossy().into_owned(),
        input: file.input,
        position: file.position,
        size: file.size,
        lag: file.lag,
        state,
        failing: Some(file.state).filter(|_| state == FileState::Failing),
    }
}
