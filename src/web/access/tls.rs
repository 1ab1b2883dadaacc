//! TLS as the web configuration asks for it.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, SupportedKxGroup, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::version::{TLS12, TLS13};
use rustls::{ServerConfig, SupportedCipherSuite, SupportedProtocolVersion};
use serde_saphyr::{Location, Spanned};

use super::clients;
use super::read::{RawTls, Wrong, wrong};

/// The curves under the names that Go has for them, which the format uses.
const CURVES: [(&str, &dyn SupportedKxGroup); 3] = [
    ("X25519", ring::kx_group::X25519),
    ("CurveP256", ring::kx_group::SECP256R1),
    ("CurveP384", ring::kx_group::SECP384R1),
];

/// What a server needs to speak TLS. `folder` is where named files are looked for.
pub fn server(raw: &RawTls, folder: &Path, http2: bool) -> Result<ServerConfig, Wrong> {
    let chain = chain(raw, folder)?;
    let key = key(raw, folder)?;
    let provider = Arc::new(CryptoProvider {
        cipher_suites: suites(&raw.cipher_suites)?,
        kx_groups: curves(&raw.curve_preferences)?,
        ..ring::default_provider()
    });
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_protocol_versions(&versions(raw)?);
    let place = || raw.cert_file.as_ref().or(raw.cert.as_ref()).map_or(Location::UNKNOWN, |at| at.referenced);
    let builder = builder.map_err(|error| (place(), format!("tls_server_config: {error}")))?;
    let builder = match clients::verifier(raw, folder, &provider)? {
        Some(verifier) => builder.with_client_cert_verifier(verifier),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder
        .with_single_cert(chain, key)
        .map_err(|error| (place(), format!("the certificate and the key cannot be used together: {error}")))?;
    config.ignore_client_order = raw.prefer_server_cipher_suites.unwrap_or(true);
    config.alpn_protocols = if http2 { vec![b"h2".to_vec(), b"http/1.1".to_vec()] } else { vec![b"http/1.1".to_vec()] };
    Ok(config)
}

/// The certificates of the server, its own first.
pub fn chain(raw: &RawTls, folder: &Path) -> Result<Vec<CertificateDer<'static>>, Wrong> {
    let (at, pem) = pem(("cert", &raw.cert), ("cert_file", &raw.cert_file), folder)?;
    certificates(at, &pem)
}

/// The certificates of a PEM text, at least one. `at` is the key that names it.
pub fn certificates(at: (&str, &Spanned<String>), pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Wrong> {
    let (name, place) = at;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match certificates {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) => wrong(place, format!("{name}: there is no certificate in it; it must be PEM")),
        Err(error) => wrong(place, format!("{name}: {error}")),
    }
}

fn key(raw: &RawTls, folder: &Path) -> Result<PrivateKeyDer<'static>, Wrong> {
    let ((name, place), pem) = pem(("key", &raw.key), ("key_file", &raw.key_file), folder)?;
    PrivateKeyDer::from_pem_slice(&pem).or_else(|error| {
        wrong(
            place,
            format!("{name}: there is no private key that can be read ({error}); it must be PEM, not encrypted"),
        )
    })
}

type Named<'r> = (&'static str, &'r Option<Spanned<String>>);

/// A PEM text, and the key that says or names it.
type Pem<'r> = ((&'static str, &'r Spanned<String>), Vec<u8>);

/// What is said in the configuration itself, or in the file that it names; one of them has to be.
pub fn pem<'r>(inline: Named<'r>, file: Named<'r>, folder: &Path) -> Result<Pem<'r>, Wrong> {
    match (inline.1, file.1) {
        (Some(inline_text), None) => Ok(((inline.0, inline_text), inline_text.value.clone().into_bytes())),
        (None, Some(name)) => {
            let path = folder.join(&name.value);
            let read = fs::read(&path);
            let read = read.or_else(|error| wrong(name, format!("{}: {}: {error}", file.0, path.display())))?;
            Ok(((file.0, name), read))
        }
        (Some(_), Some(name)) => wrong(name, format!("{} and {} cannot both be there", inline.0, file.0)),
        (None, None) => Err((Location::UNKNOWN, format!("tls_server_config: {} is missing", file.0))),
    }
}

fn versions(raw: &RawTls) -> Result<Vec<&'static SupportedProtocolVersion>, Wrong> {
    let version = |at: &Option<Spanned<String>>, name: &str, otherwise: u8| match at {
        None => Ok(otherwise),
        Some(value) => match value.value.as_str() {
            "TLS12" => Ok(2),
            "TLS13" => Ok(3),
            "TLS10" | "TLS11" => wrong(value, format!("{name}: {} is not safe; the least is TLS12", value.value)),
            other => wrong(value, format!("{name}: {other:?} cannot be here; it is TLS12 or TLS13")),
        },
    };
    let (least, most) = (version(&raw.min_version, "min_version", 2)?, version(&raw.max_version, "max_version", 3)?);
    let all = [(2, &TLS12), (3, &TLS13)];
    let versions: Vec<_> = all.into_iter().filter(|(n, _)| (least..=most).contains(n)).map(|(_, v)| v).collect();
    match &raw.max_version {
        Some(at) if versions.is_empty() => wrong(at, "max_version is less than min_version".to_owned()),
        _ => Ok(versions),
    }
}

/// Only those of TLS 1.2 can be chosen, as in Go.
fn suites(raw: &[Spanned<String>]) -> Result<Vec<SupportedCipherSuite>, Wrong> {
    let all = ring::default_provider().cipher_suites;
    if raw.is_empty() {
        return Ok(all);
    }
    let (modern, old): (Vec<_>, Vec<_>) = all.into_iter().partition(|suite| suite.tls13().is_some());
    let name = |suite: &SupportedCipherSuite| format!("{:?}", suite.suite());
    let mut suites = modern;
    for wanted in raw {
        // Go has some under a short name too
        let same = |known: &str| {
            known == wanted.value
                || known
                    .strip_suffix("POLY1305_SHA256")
                    .is_some_and(|start| wanted.value.strip_suffix("POLY1305") == Some(start))
        };
        match old.iter().find(|suite| same(&name(suite))) {
            Some(suite) => suites.push(*suite),
            None if wanted.value.starts_with("TLS_AES_") || wanted.value.starts_with("TLS_CHACHA20_") => {}
            None => {
                let known: Vec<_> = old.iter().map(name).collect();
                return wrong(
                    wanted,
                    format!(
                        "cipher_suites: {:?} is not known or not safe; there are {}",
                        wanted.value,
                        known.join(", ")
                    ),
                );
            }
        }
    }
    Ok(suites)
}

fn curves(raw: &[Spanned<String>]) -> Result<Vec<&'static dyn SupportedKxGroup>, Wrong> {
    if raw.is_empty() {
        return Ok(ring::default_provider().kx_groups);
    }
    let curve = |wanted: &Spanned<String>| match CURVES.iter().find(|(name, _)| *name == wanted.value) {
        Some((_, curve)) => Ok(*curve),
        None => {
            let known: Vec<_> = CURVES.iter().map(|(name, _)| *name).collect();
            wrong(wanted, format!("curve_preferences: {:?} is not known; there are {}", wanted.value, known.join(", ")))
        }
    };
    raw.iter().map(curve).collect()
}
