//! A server with a fake backend, and a client that sends whatever bytes it is given.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use obs_error_exporter::view::View;
use obs_error_exporter::web::{
    Backend, BadRequest, Bound, Bytes, Exposition, ListenAddress, Notice, Options, ReloadRefused, Unavailable, serve,
};
use tokio::sync::oneshot;

/// How long a client waits for bytes that must come. Only a failing test waits that long.
const PATIENCE: Duration = Duration::from_secs(10);

pub const METRICS: &str = "# TYPE a counter\na 1\n";

/// A moment, for what must happen in a while and is made to happen soon.
pub fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// A backend that does what a test tells it to.
pub struct Fake {
    pub healthy: AtomicBool,
    pub ready: AtomicBool,
    pub body: Mutex<Result<Bytes, Unavailable>>,
    pub view: Mutex<Result<View, Unavailable>>,
    pub reload: Mutex<Result<(), ReloadRefused>>,
    pub reloads: AtomicUsize,
    /// How long a scrape takes.
    pub takes: Mutex<Duration>,
    pub running: AtomicUsize,
    pub most_running: AtomicUsize,
    pub notices: Mutex<Vec<String>>,
    /// In which forms the metrics were asked for.
    pub expositions: Mutex<Vec<Exposition>>,
}

impl Default for Fake {
    fn default() -> Self {
        Self {
            healthy: true.into(),
            ready: true.into(),
            body: Mutex::new(Ok(Bytes::from_static(METRICS.as_bytes()))),
            view: Mutex::new(Ok(View::default())),
            reload: Mutex::new(Ok(())),
            reloads: 0.into(),
            takes: Mutex::default(),
            running: 0.into(),
            most_running: 0.into(),
            notices: Mutex::default(),
            expositions: Mutex::default(),
        }
    }
}

impl Backend for Fake {
    async fn metrics(&self, exposition: Exposition) -> Result<Bytes, Unavailable> {
        let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_running.fetch_max(running, Ordering::SeqCst);
        let takes = *self.takes.lock().unwrap();
        if !takes.is_zero() {
            tokio::time::sleep(takes).await;
        }
        self.running.fetch_sub(1, Ordering::SeqCst);
        self.expositions.lock().unwrap().push(exposition);
        self.body.lock().unwrap().clone()
    }

    fn rules(&self, query: &str) -> Result<Bytes, BadRequest> {
        match query {
            "bad" => Err(BadRequest("there is no such thing".to_owned())),
            query => Ok(Bytes::from(format!("groups: [] # {query}\n"))),
        }
    }

    async fn view(&self, _: usize) -> Result<View, Unavailable> {
        self.view.lock().unwrap().clone()
    }

    fn healthy(&self) -> bool {
        self.healthy.load(Ordering::SeqCst)
    }

    fn ready(&self) -> bool {
        self.ready.load(Ordering::SeqCst)
    }

    async fn reload(&self) -> Result<(), ReloadRefused> {
        self.reloads.fetch_add(1, Ordering::SeqCst);
        self.reload.lock().unwrap().clone()
    }

    fn notice(&self, notice: &Notice) {
        self.notices.lock().unwrap().push(notice.to_string());
    }
}

/// A server in a thread of its own; shut down when dropped.
pub struct Server {
    pub fake: Arc<Fake>,
    pub addrs: Vec<SocketAddr>,
    shutdown: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub fn start() -> Self {
        Self::with(|_| {})
    }

    pub fn with(change: impl FnOnce(&mut Options)) -> Self {
        let mut options = Options::default();
        change(&mut options);
        Self::on(&["127.0.0.1:0"], options)
    }

    pub fn on(addresses: &[&str], options: Options) -> Self {
        let addresses: Vec<ListenAddress> = addresses.iter().map(|address| address.parse().unwrap()).collect();
        let bound = Bound::bind(&addresses).unwrap();
        let addrs = bound.local_addrs().to_vec();
        let fake = Arc::new(Fake::default());
        let (shutdown, asked) = oneshot::channel();
        let backend = Arc::clone(&fake);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(serve(bound, backend, options, asked)).unwrap();
        });
        Self { fake, addrs, shutdown: Some(shutdown), thread: Some(thread) }
    }

    pub fn connect(&self) -> Client {
        Client::connect(self.addrs[0])
    }

    /// One request on a connection of its own.
    pub fn ask(&self, method: &str, path: &str) -> Answer {
        let mut client = self.connect();
        client.request(method, path);
        client.answer(method)
    }

    pub fn get(&self, path: &str) -> Answer {
        self.ask("GET", path)
    }

    /// What a connection with these bytes is answered until the server closes it.
    pub fn raw(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut client = self.connect();
        client.send(bytes);
        client.rest()
    }

    /// Asks for the shutdown without waiting for it.
    pub fn begin_shutdown(&mut self) {
        self.shutdown.take();
    }

    /// Waits for the end, and says how long it took.
    pub fn end(&mut self) -> Duration {
        let begin = Instant::now();
        self.begin_shutdown();
        self.thread.take().unwrap().join().unwrap();
        begin.elapsed()
    }

    pub fn notices(&self) -> Vec<String> {
        self.fake.notices.lock().unwrap().clone()
    }

    /// Waits until so many scrapes are being answered.
    pub fn await_running(&self, running: usize) {
        until(|| self.fake.running.load(Ordering::SeqCst) == running);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.begin_shutdown();
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(ended.is_ok() || std::thread::panicking(), "the server panicked");
        }
    }
}

/// Waits for what must come true soon.
pub fn until(mut happened: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !happened() {
        assert!(begin.elapsed() < PATIENCE, "it does not happen");
        std::thread::sleep(ms(1));
    }
}

/// One connection.
pub struct Client {
    stream: TcpStream,
    read: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
    /// The body as it was sent.
    pub bytes: Vec<u8>,
}

impl Answer {
    /// The value of a header that is there once, or nothing.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.head.lines().filter_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        });
        let value = values.next();
        assert_eq!(values.next(), None, "{name} is there twice");
        value
    }
}

impl Client {
    pub fn connect(addr: SocketAddr) -> Self {
        let stream = TcpStream::connect(addr).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, read: Vec::new() }
    }

    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).unwrap();
    }

    /// Sends if the server still listens.
    pub fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).is_ok()
    }

    pub fn request(&mut self, method: &str, path: &str) {
        self.send(format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    }

    /// Reads one answer to a request of this method.
    pub fn answer(&mut self, method: &str) -> Answer {
        let end = self.fill_until(|read| read.windows(4).position(|four| four == b"\r\n\r\n"));
        let head = String::from_utf8(self.read.drain(..end + 4).collect()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut answer = Answer { status, head, body: String::new(), bytes: Vec::new() };
        if method != "HEAD" {
            let length: usize = answer.header("Content-Length").expect("a length").parse().unwrap();
            self.fill_until(|read| (read.len() >= length).then_some(length));
            answer.bytes = self.read.drain(..length).collect();
            answer.body = String::from_utf8_lossy(&answer.bytes).into_owned();
        }
        answer
    }

    fn fill_until(&mut self, enough: impl Fn(&[u8]) -> Option<usize>) -> usize {
        loop {
            if let Some(found) = enough(&self.read) {
                return found;
            }
            let mut chunk = [0; 4096];
            let n = self.stream.read(&mut chunk).expect("the answer goes on");
            assert!(n > 0, "closed after {:?}", String::from_utf8_lossy(&self.read));
            self.read.extend_from_slice(&chunk[..n]);
        }
    }

    /// Everything until the server closes the connection; a reset counts as closing.
    pub fn rest(&mut self) -> String {
        self.rest_with_pauses(Duration::ZERO)
    }

    /// The same, with a pause before each quarter of a megabyte.
    pub fn rest_with_pauses(&mut self, pause: Duration) -> String {
        let mut chunk = vec![0; 256 * 1024];
        loop {
            std::thread::sleep(pause);
            match self.stream.read(&mut chunk) {
                Ok(0) => break,
                Ok(n) => self.read.extend_from_slice(&chunk[..n]),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => break,
                Err(error) => panic!("not closed: {error}"),
            }
        }
        String::from_utf8_lossy(&std::mem::take(&mut self.read)).into_owned()
    }

    /// Waits for the server to close the connection without a word; says how long that took.
    pub fn closed(&mut self) -> Duration {
        let begin = Instant::now();
        assert_eq!(self.rest(), "");
        begin.elapsed()
    }
}
