//! What stands around the lines of a log: nothing, the prefix of a container runtime (CRI), or docker's JSON.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// What stands around the lines of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Framing {
    /// Nothing.
    Plain,
    /// `2026-11-22T12:47:06.206345678Z stdout F …`, as kubelet keeps container logs.
    Cri,
    /// `{"log":"…\n","stream":"stdout","time":"…"}`, docker's json-file.
    Docker,
    /// UTF-16, the low byte of each unit first.
    Utf16Le,
    /// UTF-16, the high byte of each unit first.
    Utf16Be,
}

/// One line inside its frame.
#[derive(Debug, PartialEq, Eq)]
pub struct Piece<'l> {
    /// Which of the interleaved streams it is of: 0 is standard output, 1 standard error.
    pub stream: usize,
    /// What was written, without the line feed.
    pub content: Cow<'l, [u8]>,
    /// The line goes on in the next piece of its stream.
    pub partial: bool,
}

impl Framing {
    /// What the beginning of a file says: its byte order mark, else its first line. Nothing while that is not there.
    #[must_use]
    pub fn detect(head: &[u8]) -> Option<Self> {
        match head {
            [0xff, 0xfe, ..] => return Some(Self::Utf16Le),
            [0xfe, 0xff, ..] => return Some(Self::Utf16Be),
            _ => {}
        }
        let end = memchr::memchr(b'\n', head)?;
        let line = &head[..end];
        Some(if cri(line).is_some() {
            Self::Cri
        } else if docker(line).is_some() {
            Self::Docker
        } else {
            Self::Plain
        })
    }

    /// How many bytes an unfinished first line may have before the file is taken for plain.
    pub const UNDECIDED: usize = 64 * 1024;

    /// The line inside its frame. A line that has none is taken as it is: runtimes write a few of their own.
    #[must_use]
    pub fn piece(self, line: &[u8]) -> Piece<'_> {
        let framed = match self {
            Self::Cri => cri(line),
            Self::Docker => docker(line),
            Self::Plain | Self::Utf16Le | Self::Utf16Be => None,
        };
        framed.unwrap_or(Piece { stream: 0, content: Cow::Borrowed(line), partial: false })
    }

    /// Literals that show a line which is cut into several: an anchor may stand across the cut.
    #[must_use]
    pub fn cuts(self) -> &'static [&'static [u8]] {
        match self {
            Self::Cri => &[b" stdout P ", b" stderr P "],
            _ => &[],
        }
    }

    /// Lines at least so long may be cut without a literal that shows it: docker cuts at 16 KiB.
    #[must_use]
    pub fn cut_at(self) -> usize {
        if self == Self::Docker { 8 * 1024 } else { usize::MAX }
    }
}

fn stream(name: &[u8]) -> Option<usize> {
    match name {
        b"stdout" => Some(0),
        b"stderr" => Some(1),
        _ => None,
    }
}

fn cri(line: &[u8]) -> Option<Piece<'_>> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let stamp = memchr::memchr(b' ', &line[..line.len().min(48)])?;
    let plausible = stamp >= 20 && line[..4].iter().all(u8::is_ascii_digit) && line[4] == b'-' && line[10] == b'T';
    let rest = line.get(stamp + 1..).filter(|_| plausible)?;
    let stream = stream(rest.get(..6)?)?;
    let partial = match rest.get(6..8)? {
        b" F" => false,
        b" P" => true,
        _ => return None,
    };
    // the tag may be followed by others, separated by colons
    let tags = rest[7..].iter().position(|byte| *byte == b' ');
    let content = tags.map_or(&b""[..], |end| &rest[7 + end + 1..]);
    Some(Piece { stream, content: Cow::Borrowed(content), partial })
}

#[derive(Deserialize)]
struct DockerLine<'l> {
    #[serde(borrow)]
    log: Cow<'l, str>,
    #[serde(default, borrow)]
    stream: Option<Cow<'l, str>>,
}

fn docker(line: &[u8]) -> Option<Piece<'_>> {
    if !line.starts_with(b"{\"log\":\"") {
        return None;
    }
    // bytes that are no UTF-8 do not come out of docker, but may out of a copy of its files
    let parsed: DockerLine<'_> = serde_json::from_slice(line).ok()?;
    let stream = stream(parsed.stream.as_deref().unwrap_or("stdout").as_bytes())?;
    let partial = !parsed.log.ends_with('\n');
    let strip = |text: &str| text.trim_end_matches('\n').trim_end_matches('\r').len();
    let content = match parsed.log {
        Cow::Borrowed(text) => Cow::Borrowed(&text.as_bytes()[..strip(text)]),
        Cow::Owned(mut text) => {
            text.truncate(strip(&text));
            Cow::Owned(text.into_bytes())
        }
    };
    Some(Piece { stream, content, partial })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_told_by_the_first_line() {
        for (head, framing) in [
            (&b"2026-11-22T12:47:06.206345678Z stdout F hello\n"[..], Some(Framing::Cri)),
            (b"2026-11-22T12:47:06.206345678+08:00 stderr P hel\n", Some(Framing::Cri)),
            (
                b"{\"log\":\"hello\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-22T12:47:06Z\"}\n",
                Some(Framing::Docker),
            ),
            (b"{\"log\":\"my own field\",\"level\":\"x\"", None),
            (b"2026-11-22T12:47:06Z hello\n", Some(Framing::Plain)),
            (b"{\"level\":\"error\"}\n", Some(Framing::Plain)),
            (b"half a line", None),
            (b"", None),
            (b"\n", Some(Framing::Plain)),
            (b"\xff\xfeh\0", Some(Framing::Utf16Le)),
            (b"\xfe\xff\0h", Some(Framing::Utf16Be)),
        ] {
            assert_eq!(Framing::detect(head), framing, "{}", String::from_utf8_lossy(head));
        }
    }

    #[test]
    fn lines_come_out_of_their_frames() {
        let piece = Framing::Cri.piece(b"2026-11-22T12:47:06.206345678Z stderr F a b ");
        assert_eq!((piece.stream, &*piece.content, piece.partial), (1, &b"a b "[..], false));
        let piece = Framing::Cri.piece(b"2026-11-22T12:47:06.206345678Z stdout P a");
        assert_eq!((piece.stream, &*piece.content, piece.partial), (0, &b"a"[..], true));
        let piece = Framing::Cri.piece(b"2026-11-22T12:47:06.206345678Z stdout F ");
        assert_eq!((&*piece.content, piece.partial), (&b""[..], false));
        let piece = Framing::Docker.piece(br#"{"log":"\u003cCode\u003e \"x\"\n","stream":"stderr","time":"t"}"#);
        assert_eq!((piece.stream, &*piece.content, piece.partial), (1, &b"<Code> \"x\""[..], false));
        let piece = Framing::Docker.piece(br#"{"log":"part","stream":"stdout","time":"t"}"#);
        assert_eq!((piece.stream, &*piece.content, piece.partial), (0, &b"part"[..], true));
        for odd in
            [&b""[..], b"x", b"{\"log\":", b"2026-11-22T12:47:06.2Z stdout", b"2026-11-22T12:47:06.206Z stdout Q x"]
        {
            assert_eq!(&*Framing::Cri.piece(odd).content, odd);
            assert_eq!(&*Framing::Docker.piece(odd).content, odd);
        }
    }
}
