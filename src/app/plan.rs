//! What a configuration makes of the pipeline and the tailer: at the start, and when it is read anew.

use super::{Observer, Pipeline, Plan};
use crate::catalogue::Catalogue;
use crate::config::{Config, Input, Limits};
use crate::recognise::Recognisers;
use crate::report::{Code, EventMemory, Finding};
use crate::tail::{self, InputOptions, TailError, Tailer};
use crate::tally::Settings;
use std::sync::Arc;

/// What the tailer has to know of the inputs.
pub fn tail_options(inputs: &[Input], limits: Limits) -> tail::Options {
    let inputs = inputs.iter().map(|input| InputOptions {
        paths: input.paths.clone(),
        exclude: input.exclude.clone(),
        start_at: input.start_at,
    });
    tail::Options {
        inputs: inputs.collect(),
        line_bytes: limits.line_bytes,
        open_files: limits.open_files,
        ..tail::Options::default()
    }
}

/// Tells the pipeline what is planned for the logs of each input, and nothing else. What can be known in advance stands
/// at 0 from now on.
pub fn plan<O: Observer>(inputs: Vec<Input>, pipeline: &mut Pipeline<O>) {
    pipeline.tally.withdraw();
    pipeline.inputs.clear();
    for Input { labels, path_labels, framing, .. } in inputs {
        if path_labels.is_none() {
            let number = pipeline.tally.label_set(&labels, pipeline.now);
            pipeline.tally.announce(number);
        }
        pipeline.inputs.push(Plan { labels, path_labels, framing });
    }
    pipeline.announce();
}

/// A configuration that was read anew, with everything made ready that can be without the engine.
pub struct Fresh {
    inputs: Vec<Input>,
    limits: Limits,
    settings: Settings,
    recognisers: Recognisers,
    catalogue: Option<Catalogue>,
}

impl Fresh {
    /// Makes a configuration ready.
    ///
    /// # Errors
    /// When the anchors of the recognisers cannot be searched for.
    pub fn new(config: Config) -> anyhow::Result<Self> {
        Ok(Self {
            recognisers: Recognisers::new(config.recognisers)?,
            catalogue: (!config.codes.is_empty()).then(|| Catalogue::with(config.codes)),
            inputs: config.inputs,
            limits: config.limits,
            settings: config.metrics,
        })
    }

    /// Goes on with this configuration: counters, positions and what waits are kept. `renumber` is told which numbers
    /// codes and recognisers have from now on, for what was given away.
    ///
    /// # Errors
    /// When a glob cannot be used; then nothing has changed.
    pub fn apply<O: Observer>(
        self,
        pipeline: &mut Pipeline<O>,
        tailer: &mut Tailer,
        renumber: impl FnOnce(&dyn Fn(Code) -> Code, &dyn Fn(u8) -> u8),
    ) -> Result<(), TailError> {
        tailer.update_inputs(tail_options(&self.inputs, self.limits))?;
        let numbers = numbers(&pipeline.recognisers, &self.recognisers);
        let codes = pipeline.tally.recode(self.catalogue, self.limits.unlisted_codes);
        let recogniser = |before: u8| numbers.get(usize::from(before)).copied().unwrap_or(u8::MAX);
        let renew = |finding: &mut Finding| {
            finding.code = finding.code.map(&codes);
            finding.origin.recogniser = recogniser(finding.origin.recogniser);
        };
        for stream in pipeline.streams.values_mut() {
            stream.memory.iter_mut().flat_map(EventMemory::findings_mut).for_each(renew);
            stream.joins.findings_mut().for_each(renew);
        }
        pipeline.merger.findings_mut().for_each(renew);
        pipeline.observer.renew(&codes, &recogniser);
        renumber(&codes, &recogniser);
        pipeline.recognisers = Arc::new(self.recognisers);
        pipeline.forget_lines();
        pipeline.line_bytes = self.limits.line_bytes;
        pipeline.tally.settings = self.settings;
        plan(self.inputs, pipeline);
        pipeline.changed = true;
        Ok(())
    }
}

/// The numbers that recognisers have now, by those they had; one that is gone has a number that nobody has.
fn numbers(before: &Recognisers, now: &Recognisers) -> Vec<u8> {
    let number = |name| now.names().position(|other| other == name).and_then(|number| u8::try_from(number).ok());
    before.names().map(|name| number(name).unwrap_or(u8::MAX)).collect()
}
