//! Certificates, and a client that speaks TLS.

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// An authority that signs certificates into a folder.
pub struct Authority {
    folder: PathBuf,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// One whose own certificate is in `{name}.crt`.
    pub fn new(folder: &Path, name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        fs::write(folder.join(format!("{name}.crt")), certificate.pem()).unwrap();
        Self { folder: folder.to_owned(), issuer: Issuer::new(params, key) }
    }

    /// Signs a certificate for these names, into `{file}.crt` and `{file}.key`.
    pub fn sign(&self, file: &str, names: &[&str]) {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, file);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        // as tools that renew certificates do it: each file is whole at any moment
        for (end, text) in [("crt", certificate.pem()), ("key", key.serialize_pem())] {
            let (path, new) = (self.folder.join(format!("{file}.{end}")), self.folder.join(format!("{file}.new")));
            fs::write(&new, text).unwrap();
            fs::rename(new, path).unwrap();
        }
    }
}

/// What curl was answered.
#[derive(Debug)]
pub struct Answer {
    /// 0 if there was no answer.
    pub status: u16,
    pub version: String,
    /// Headers and body.
    pub text: String,
    /// What curl says was wrong.
    pub wrong: String,
}

/// Asks for a path over TLS with more flags of curl, in a folder that has `ca.crt`.
pub fn curl(folder: &Path, address: SocketAddr, path: &str, flags: &[&str]) -> Answer {
    let output = Command::new("curl")
        .current_dir(folder)
        .args([
            "-q",
            "--silent",
            "--show-error",
            "--include",
            "--max-time",
            "30",
            "--noproxy",
            "*",
            "--cacert",
            "ca.crt",
        ])
        .args(["--write-out", "\n%{http_version} %{http_code}"])
        .args(flags)
        .arg(format!("https://{address}{path}"))
        .output()
        .expect("tests/run installs curl");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let (text, end) = text.rsplit_once('\n').unwrap();
    let (version, status) = end.split_once(' ').unwrap();
    Answer {
        status: status.parse().unwrap(),
        version: version.to_owned(),
        text: text.to_owned(),
        wrong: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
