//! Says which revision and which compiler the binary is built from.

use std::process::Command;

fn main() {
    // a build from an archive has no repository: the builder may say the revision
    let revision = std::env::var("REVISION").ok().or_else(|| output("git", &["rev-parse", "--short=12", "HEAD"]));
    let compiler = output(&std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into()), &["--version"]);
    let version = compiler.as_deref().and_then(|text| text.split(' ').nth(1)).unwrap_or("unknown");
    println!("cargo:rustc-env=OBS_ERROR_EXPORTER_REVISION={}", revision.as_deref().unwrap_or("unknown"));
    println!("cargo:rustc-env=OBS_ERROR_EXPORTER_RUSTVERSION={version}");
    println!("cargo:rerun-if-env-changed=REVISION");
    // moves with every commit; where there is no repository the crate's own files decide
    if std::path::Path::new(".git/logs/HEAD").exists() {
        println!("cargo:rerun-if-changed=.git/logs/HEAD");
    }
}

fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned()).filter(|text| !text.is_empty())
}
