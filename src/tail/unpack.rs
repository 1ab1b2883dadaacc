//! A log that was rotated and compressed, read by the offsets that it had before.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::fs::FileExt;

use flate2::bufread::MultiGzDecoder;

use super::identity::ReadAt;

/// Decompresses forward and keeps the last piece that it gave, since what a consumer did not take is asked for again.
pub struct Unpacker {
    decoder: MultiGzDecoder<BufReader<File>>,
    window: Vec<u8>,
    window_at: u64,
    ended: bool,
}

impl Unpacker {
    /// Reads `file` from its beginning.
    pub fn new(file: File) -> Self {
        Self { decoder: MultiGzDecoder::new(BufReader::new(file)), window: Vec::new(), window_at: 0, ended: false }
    }

    /// How long the decompressed data is, if it is all known.
    pub fn end(&self) -> Option<u64> {
        self.ended.then_some(self.next())
    }

    /// The file that is decompressed.
    pub fn file(&self) -> &File {
        self.decoder.get_ref().get_ref()
    }

    fn next(&self) -> u64 {
        self.window_at + self.window.len() as u64
    }

    /// Drops what lies before `offset` and decompresses up to there. At most `budget` bytes; says whether it got there.
    pub fn skip_to(&mut self, offset: u64, mut budget: usize) -> io::Result<bool> {
        let mut piece = [0; 16 * 1024];
        while self.next() < offset && !self.ended {
            if budget == 0 {
                return Ok(false);
            }
            let want = usize::try_from(offset - self.next()).unwrap_or(piece.len()).min(piece.len()).min(budget);
            let got = self.decoder.read(&mut piece[..want])?;
            self.ended = got == 0;
            self.window_at = self.next();
            self.window.clear();
            self.window.extend_from_slice(&piece[..got]);
            budget -= got;
        }
        Ok(true)
    }
}

impl ReadAt for Unpacker {
    fn read_at(&mut self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        if offset < self.window_at {
            return Err(io::Error::other("compressed data is read forward only"));
        }
        self.skip_to(offset, usize::MAX)?;
        let Ok(from) = usize::try_from(offset - self.window_at) else { return Ok(0) };
        let Some(kept) = self.window.get(from..) else { return Ok(0) };
        let mut filled = kept.len().min(buffer.len());
        buffer[..filled].copy_from_slice(&kept[..filled]);
        if filled == buffer.len() {
            return Ok(filled);
        }
        while filled < buffer.len() {
            let got = self.decoder.read(&mut buffer[filled..])?;
            if got == 0 {
                self.ended = true;
                break;
            }
            filled += got;
        }
        self.window_at = offset;
        self.window.clear();
        self.window.extend_from_slice(&buffer[..filled]);
        Ok(filled)
    }
}

/// The first bytes of the decompressed data.
pub fn head(file: &File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut decoder = MultiGzDecoder::new(BufReader::new(file.try_clone()?));
    let mut filled = 0;
    while filled < buffer.len() {
        let got = decoder.read(&mut buffer[filled..])?;
        if got == 0 {
            break;
        }
        filled += got;
    }
    Ok(filled)
}

/// What the end of the file says of the size of the data, modulo 2^32.
pub fn said_size(file: &File, packed: u64) -> io::Result<u32> {
    let mut bytes = [0; 4];
    file.read_exact_at(&mut bytes, packed.saturating_sub(4))?;
    Ok(u32::from_le_bytes(bytes))
}
