//! Ctrl-C ends the reading, not the program: what was found until then is printed.

use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use tokio::signal::unix::{SignalKind, signal};

/// What a shell says of a program that Ctrl-C has ended.
const INTERRUPTED: i32 = 130;

/// Whether somebody has pressed Ctrl-C.
#[derive(Debug, Clone, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens from now on; the second time ends the program. If that cannot be done, Ctrl-C ends it at once.
    #[must_use]
    pub fn listen(told: impl FnOnce() + Send + 'static) -> Self {
        let interrupt = Self::default();
        let heard = interrupt.clone();
        let (listens, ready) = mpsc::channel();
        let listen = async move {
            let Ok(mut signals) = signal(SignalKind::interrupt()) else { return };
            let _ = listens.send(());
            if signals.recv().await.is_some() {
                heard.0.store(true, Ordering::Relaxed);
                told();
            }
            if signals.recv().await.is_some() {
                std::process::exit(INTERRUPTED);
            }
        };
        let _ = thread::Builder::new().name("signals".into()).spawn(|| {
            if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() {
                runtime.block_on(listen);
            }
        });
        let _ = ready.recv(); // an error if nobody listens
        interrupt
    }

    /// It has been pressed.
    #[must_use]
    pub fn heard(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// A log that ends when it is pressed.
    #[must_use]
    pub fn ends<'l>(&self, log: Box<dyn Read + 'l>) -> Box<dyn Read + 'l> {
        Box::new(Ending { log, interrupt: self.clone() })
    }
}

struct Ending<'l> {
    log: Box<dyn Read + 'l>,
    interrupt: Interrupt,
}

impl Read for Ending<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.interrupt.heard() { Ok(0) } else { self.log.read(buffer) }
    }
}
