//! How far a scan has come, on standard error, if that is a terminal and it takes long enough to wonder.

use crate::app::scan::Input;
use crate::cli::output;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{self, IsTerminal as _, Read};
use std::time::{Duration, Instant};

/// Before that nobody wonders.
const PATIENCE: Duration = Duration::from_secs(1);

/// The progress of a scan.
pub struct Progress {
    /// Nothing where nobody looks.
    bar: Option<ProgressBar>,
    began: Instant,
}

impl Progress {
    /// Begins. How much there is to read is known unless a pipe is among it.
    pub fn new(inputs: &[Input]) -> Self {
        let bar = io::stderr().is_terminal().then(|| {
            let size = inputs.iter().map(Input::size).sum::<Option<u64>>();
            let bar = ProgressBar::with_draw_target(size, ProgressDrawTarget::hidden());
            let template = match size {
                Some(_) => "{wide_bar} {percent}% of {total_bytes}, {bytes_per_sec}, {eta} left{msg}",
                None => "{bytes} read, {bytes_per_sec}, {elapsed}{msg}",
            };
            match ProgressStyle::with_template(template) {
                Ok(style) => bar.with_style(style),
                Err(_) => bar,
            }
        });
        Self { bar, began: Instant::now() }
    }

    /// A file whose bytes count as progress when they are read.
    pub fn watch<'l>(&self, file: Box<dyn Read + 'l>) -> Box<dyn Read + 'l> {
        match &self.bar {
            Some(bar) => Box::new(Watched { file, bar: bar.clone(), began: self.began }),
            None => file,
        }
    }

    /// Says how many responses were found so far.
    pub fn found(&self, count: u64) {
        if let Some(bar) = self.bar.as_ref().filter(|_| count > 0) {
            bar.set_message(format!(", {count} errors"));
        }
    }

    /// Prints a line to standard error, above the bar.
    pub fn complain(&mut self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| output::complain(line)),
            None => output::complain(line),
        }
    }

    /// Takes the bar away.
    pub fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

struct Watched<'l> {
    file: Box<dyn Read + 'l>,
    bar: ProgressBar,
    began: Instant,
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        if self.bar.is_hidden() && self.began.elapsed() > PATIENCE {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.inc(read as u64);
        Ok(read)
    }
}
