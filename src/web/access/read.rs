//! From the file to what it means. Unknown keys are errors.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hyper::header::{HeaderName, HeaderValue};
use serde::Deserialize;
use serde_saphyr::{Location, Spanned};

use super::password::Users;
use super::{AccessError, Policy, tls};

/// The headers that may be set, and to what if not to anything.
const HEADERS: [(&str, &[&str]); 5] = [
    ("Content-Security-Policy", &[]),
    ("Strict-Transport-Security", &[]),
    ("X-Content-Type-Options", &["nosniff"]),
    ("X-Frame-Options", &["deny", "sameorigin"]),
    ("X-XSS-Protection", &[]),
];

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Raw {
    tls_server_config: Option<RawTls>,
    http_server_config: Option<RawHttp>,
    basic_auth_users: Option<BTreeMap<String, Spanned<String>>>,
}

/// The section on TLS as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawTls {
    pub cert: Option<Spanned<String>>,
    pub key: Option<Spanned<String>>,
    pub client_ca: Option<Spanned<String>>,
    pub cert_file: Option<Spanned<String>>,
    pub key_file: Option<Spanned<String>>,
    pub client_auth_type: Option<Spanned<String>>,
    pub client_ca_file: Option<Spanned<String>>,
    pub client_allowed_sans: Vec<Spanned<String>>,
    pub min_version: Option<Spanned<String>>,
    pub max_version: Option<Spanned<String>>,
    pub cipher_suites: Vec<Spanned<String>>,
    pub prefer_server_cipher_suites: Option<bool>,
    pub curve_preferences: Vec<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawHttp {
    http2: Option<bool>,
    headers: Option<BTreeMap<String, Spanned<String>>>,
}

/// Where something is wrong, and what.
pub type Wrong = (Location, String);

/// The wrong value of a key.
pub fn wrong<T, V>(at: &Spanned<T>, reason: String) -> Result<V, Wrong> {
    Err((at.referenced, reason))
}

/// A web configuration that has been read.
#[derive(Debug)]
pub struct Document {
    file: PathBuf,
    raw: Raw,
}

/// Reads a file.
pub fn document(file: &Path) -> Result<Document, AccessError> {
    let text = fs::read_to_string(file)
        .map_err(|error| at(file, Location::UNKNOWN, format!("{error}; name a web configuration that can be read")))?;
    let raw = if text.trim().is_empty() { Ok(Raw::default()) } else { serde_saphyr::from_str(&text) };
    let raw = raw.map_err(|error| {
        let (location, reason) = explain(&error);
        at(file, location, reason)
    })?;
    Ok(Document { file: file.to_owned(), raw })
}

/// Whether anything is said in a file.
pub fn not_empty(file: &Path) -> Result<(), AccessError> {
    match fs::read_to_string(file) {
        Ok(text) if text.trim().is_empty() => {
            let reason = "it is empty; to do without TLS and passwords, write tls_server_config: {} into it";
            Err(at(file, Location::UNKNOWN, reason.to_owned()))
        }
        _ => Ok(()),
    }
}

/// The certificate of the server, if there is one.
pub fn certificate(file: &Path) -> Result<Option<Vec<u8>>, AccessError> {
    let document = document(file)?;
    let Some(raw) = document.raw.tls_server_config.as_ref().filter(|raw| raw.is_meant()) else { return Ok(None) };
    let chain = tls::chain(raw, document.folder()).map_err(|(location, reason)| at(file, location, reason))?;
    Ok(chain.first().map(|certificate| certificate.to_vec()))
}

fn at(file: &Path, location: Location, reason: String) -> AccessError {
    let line = usize::try_from(location.line()).unwrap_or(usize::MAX).max(1);
    AccessError { file: file.display().to_string(), line, reason }
}

/// What the reader of YAML says.
fn explain(error: &serde_saphyr::Error) -> Wrong {
    let error = error.without_snippet();
    let location = error.location().unwrap_or(Location::UNKNOWN);
    let reason = match error {
        serde_saphyr::Error::SerdeUnknownField { field, expected, .. } => {
            format!("unknown key {field:?}; there are {}", expected.join(", "))
        }
        other => other.to_string().lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned(),
    };
    (location, reason)
}

impl RawTls {
    /// A section in which nothing is said means no TLS, as in the toolkit.
    fn is_meant(&self) -> bool {
        self.place().is_some()
    }

    /// Where something is said that means TLS.
    fn place(&self) -> Option<Location> {
        let files = [&self.cert_file, &self.key_file, &self.client_ca_file];
        let said = files.into_iter().chain([&self.cert, &self.key, &self.client_ca, &self.client_auth_type]).flatten();
        said.map(|said| said.referenced).min_by_key(Location::line)
    }

    fn server(&self, folder: &Path, http2: bool) -> Result<rustls::ServerConfig, Wrong> {
        // what is missing has no place of its own
        let placed = |at: Location| self.place().filter(|_| at.line() == 0).unwrap_or(at);
        tls::server(self, folder, http2).map_err(|(at, reason)| (placed(at), reason))
    }
}

impl Document {
    /// Files are named relative to the folder of the configuration.
    fn folder(&self) -> &Path {
        self.file.parent().unwrap_or(Path::new(""))
    }

    /// The files that it names.
    pub fn files(&self) -> Vec<PathBuf> {
        let Some(tls) = &self.raw.tls_server_config else { return Vec::new() };
        let named = [&tls.cert_file, &tls.key_file, &tls.client_ca_file];
        named.into_iter().flatten().map(|name| self.folder().join(&name.value)).collect()
    }

    /// What it means.
    pub fn policy(&self) -> Result<Policy, AccessError> {
        self.check().map_err(|(location, reason)| at(&self.file, location, reason))
    }

    fn check(&self) -> Result<Policy, Wrong> {
        let http = self.raw.http_server_config.as_ref();
        let http2 = http.and_then(|http| http.http2).unwrap_or(true);
        let tls = self.raw.tls_server_config.as_ref().filter(|raw| raw.is_meant());
        let users = self.raw.basic_auth_users.as_ref().filter(|users| !users.is_empty());
        Ok(Policy {
            tls: tls.map(|raw| raw.server(self.folder(), http2)).transpose()?.map(Arc::new),
            users: users.map(Users::new).transpose()?.map(Arc::new),
            headers: http.and_then(|http| http.headers.as_ref()).map_or(Ok(Vec::new()), headers)?,
        })
    }
}

fn headers(raw: &BTreeMap<String, Spanned<String>>) -> Result<Vec<(HeaderName, HeaderValue)>, Wrong> {
    let mut headers = Vec::new();
    for (name, value) in raw {
        let Some((_, allowed)) = HEADERS.iter().find(|(known, _)| known == name) else {
            let known: Vec<_> = HEADERS.iter().map(|(known, _)| *known).collect();
            return wrong(value, format!("headers: {name:?} cannot be set; there are {}", known.join(", ")));
        };
        if value.value.is_empty() {
            continue;
        }
        if !allowed.is_empty() && !allowed.contains(&value.value.as_str()) {
            return wrong(value, format!("headers: {name} is {} and not {:?}", allowed.join(" or "), value.value));
        }
        match (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(&value.value)) {
            (Ok(name), Ok(value)) => headers.push((name, value)),
            _ => return wrong(value, format!("headers: {name} holds characters that a header cannot have")),
        }
    }
    Ok(headers)
}
