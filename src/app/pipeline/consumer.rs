//! What the tailer tells of files: what becomes of their streams.

use super::{Observer, Pipeline, Stream};
use crate::report::Log;
use crate::tail::{Behind, Consumer, SourceKey};
use std::path::Path;
use std::sync::Arc;

impl<O: Observer> Consumer for Pipeline<O> {
    fn opened(&mut self, source: SourceKey, input: usize, path: &Path, follows: Option<SourceKey>) {
        let plan = self.inputs.get(input).cloned().unwrap_or_default();
        let set = plan.path_labels.map_or(plan.labels.clone(), |more| more.of(path, &plan.labels));
        let labels = self.tally.label_set(&set, self.now);
        // of a source that was restored, or whose input has changed, the rest is known already
        let mut stream = self.streams.remove(&source).unwrap_or_default();
        stream.labels = labels;
        stream.log = Some(Arc::new(Log { path: path.to_string_lossy().into_owned(), labels: set }));
        stream.framing = plan.framing.or(stream.framing);
        if let Some(before) = follows.and_then(|before| self.streams.get_mut(&before)) {
            stream.joins.inherit(&mut before.joins);
            before.successor = Some(source);
        }
        self.streams.insert(source, stream);
        self.changed = true;
    }

    fn take(&mut self, source: SourceKey, at: u64, bytes: &[u8], behind: Behind) -> usize {
        let mut done = bytes.len();
        self.with(source, |pipeline, stream| done = pipeline.read(stream, at, bytes, behind));
        done
    }

    fn truncated(&mut self, source: SourceKey) {
        self.with(source, |pipeline, stream| {
            pipeline.end(stream);
            pipeline.lose("truncated", stream.seen.saturating_sub(stream.line_end));
            *stream = Stream {
                labels: stream.labels,
                joins: std::mem::take(&mut stream.joins),
                successor: stream.successor,
                log: stream.log.take(),
                ..Stream::default()
            };
        });
        self.changed = true;
    }

    fn closed(&mut self, source: SourceKey) {
        if let Some(mut stream) = self.streams.remove(&source) {
            self.end(&mut stream);
            match stream.successor.and_then(|successor| self.streams.get_mut(&successor)) {
                Some(successor) => successor.joins.inherit(&mut stream.joins),
                None => stream.joins.finish_all(|finding| self.submit(&finding)),
            }
            self.tell();
            self.changed = true;
        }
    }
}
