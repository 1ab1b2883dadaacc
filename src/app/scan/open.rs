//! Logs as they lie on the disk, compressed or not: their first bytes say which.

use flate2::read::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;

/// What a log may be compressed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Packing {
    Gzip,
    Zstd,
    /// Not read here; by this program.
    Other(&'static str),
}

const MAGIC: [(&[u8], Packing); 6] = [
    (&[0x1f, 0x8b], Packing::Gzip),
    (&[0x28, 0xb5, 0x2f, 0xfd], Packing::Zstd),
    (&[0xfd, b'7', b'z', b'X', b'Z', 0], Packing::Other("xz")),
    (b"BZh", Packing::Other("bzip2")),
    (&[0x04, 0x22, 0x4d, 0x18], Packing::Other("lz4")),
    (b"PK\x03\x04", Packing::Other("unzip")),
];

/// The text of a log. `path` is for messages.
pub fn unpacked<'l>(path: &Path, mut log: Box<dyn Read + 'l>) -> io::Result<Box<dyn Read + 'l>> {
    let mut head = Vec::with_capacity(8);
    log.by_ref().take(8).read_to_end(&mut head)?;
    let packing = MAGIC.iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, packing)| *packing);
    let whole = Cursor::new(head).chain(log);
    match packing {
        None if named(path) => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "neither gzip nor zstd data, though its name says so; rename it if it is plain text",
        )),
        None => Ok(Box::new(whole)),
        Some(Packing::Gzip) => Ok(Box::new(MultiGzDecoder::new(BufReader::new(whole)))),
        Some(Packing::Zstd) => Ok(Box::new(Zstd::new(BufReader::new(whole)))),
        Some(Packing::Other(program)) => Err(io::Error::new(
            io::ErrorKind::Unsupported,
            format!(
                "compressed in a way that is not read here; {program} can unpack it, and `scan -` reads what it prints"
            ),
        )),
    }
}

fn named(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("gz") || extension.eq_ignore_ascii_case("zst"))
}

/// Zstandard data: frames, one behind the other.
struct Zstd<R> {
    source: R,
    decoder: FrameDecoder,
    /// Inside a frame.
    open: bool,
}

impl<R: BufRead> Zstd<R> {
    fn new(source: R) -> Self {
        Self { source, decoder: FrameDecoder::new(), open: false }
    }

    /// Begins the next frame. False at the end of the data.
    fn begin(&mut self) -> io::Result<bool> {
        while !self.source.fill_buf()?.is_empty() {
            match self.decoder.init(&mut self.source) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                    io::copy(&mut self.source.by_ref().take(length.into()), &mut io::sink())?;
                }
                Err(error) => return Err(broken(&error)),
            }
        }
        Ok(false)
    }
}

impl<R: BufRead> Read for Zstd<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if !self.open {
                self.open = self.begin()?;
                if !self.open {
                    return Ok(0);
                }
            }
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                self.decoder
                    .decode_blocks(&mut self.source, BlockDecodingStrategy::UptoBlocks(1))
                    .map_err(|error| broken(&error))?;
            }
            let read = self.decoder.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            self.open = false;
        }
    }
}

fn broken(error: &FrameDecoderError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("broken zstd data: {error}"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    fn read(name: &str, bytes: &[u8]) -> Result<String, String> {
        let mut text = String::new();
        let read = unpacked(Path::new(name), Box::new(bytes)).and_then(|mut log| log.read_to_string(&mut text));
        read.map(|_| text).map_err(|error| error.to_string())
    }

    #[test]
    fn frames_of_zstd_follow_each_other() {
        let long = "a line\n".repeat(100_000);
        let mut bytes = compress_to_vec(long.as_bytes(), CompressionLevel::Fastest);
        bytes.extend([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]); // a frame to be skipped
        bytes.extend(compress_to_vec(&b""[..], CompressionLevel::Fastest));
        bytes.extend(compress_to_vec(&b"the end\n"[..], CompressionLevel::Fastest));
        assert_eq!(read("a.log.zst", &bytes), Ok(long + "the end\n"));
        bytes.truncate(bytes.len() - 6);
        assert!(read("a.log.zst", &bytes).unwrap_err().contains("broken zstd data"));
    }

    #[test]
    fn the_content_says_how_it_is_compressed() {
        let packed = compress_to_vec(&b"x"[..], CompressionLevel::Fastest);
        assert_eq!(read("app.log", &packed).as_deref(), Ok("x"));
        assert_eq!(read("app.log", b"x").as_deref(), Ok("x"));
        assert_eq!(read("app.log", b"").as_deref(), Ok(""));
        assert!(read("app.log.gz", b"x").unwrap_err().contains("neither gzip nor zstd data"));
        assert!(read("app.log.xz", &MAGIC[2].0.repeat(2)).unwrap_err().contains("; xz can unpack it"));
    }
}
