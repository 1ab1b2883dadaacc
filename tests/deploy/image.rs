//! The image: its last stage is built from the release binary and run as a container runtime would run it. The first
//! stage needs a base image from a registry, which not every machine that runs tests can reach; what it does is
//! `deploy/release build`, and the binary is of that command.

/// Needs the release binary; `tests/run --quick` leaves this out and says so.
mod release {
    use crate::support::http;
    use crate::support::process::{Program, wait};
    use crate::tools::{done, root, tool};
    use serde_json::{Value, json};
    use std::fs;
    use std::net::SocketAddr;
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::path::{Path, PathBuf};
    use std::process::Command;
    use std::time::Duration;
    use tempfile::TempDir;

    const PATIENCE: Duration = Duration::from_secs(30);
    const LINE: &str =
        "2026-11-22T13:10:36Z ERROR code=SlowDown status=503 request_id=0000018F000000000000000000000001\n";

    /// Where images are built and mounted. All of it takes root.
    struct Builder {
        folder: TempDir,
    }

    fn as_root(command: &Command) -> Command {
        if fs::metadata("/proc/self").unwrap().uid() == 0 {
            let mut same = Command::new(command.get_program());
            same.args(command.get_args());
            return same;
        }
        let mut sudo = Command::new("sudo");
        sudo.arg("--non-interactive").arg(command.get_program()).args(command.get_args());
        sudo
    }

    impl Builder {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
            Self { folder }
        }

        fn buildah(&self, arguments: &[&str]) -> String {
            let mut buildah = tool("buildah");
            // the storage that needs no support of the kernel, and no container runtime
            buildah.args(["--storage-driver", "vfs"]);
            buildah.arg("--root").arg(self.folder.path().join("storage"));
            buildah.arg("--runroot").arg(self.folder.path().join("running")).args(arguments);
            done(&mut as_root(&buildah)).trim().to_owned()
        }

        /// The last stage of the Dockerfile.
        fn build(&self, tag: &str) {
            let dockerfile = fs::read_to_string(root().join("Dockerfile")).unwrap();
            let last = dockerfile.rfind("\nFROM scratch\n").expect("the last stage is made of nothing") + 1;
            let path = self.folder.path().join("Dockerfile");
            fs::write(&path, &dockerfile[last..]).unwrap();
            let first = self.folder.path().join("build");
            fs::create_dir_all(first.join("out/bin")).unwrap();
            fs::create_dir_all(first.join("out/state")).unwrap();
            let binary = Path::new(env!("CARGO_BIN_EXE_obs-error-exporter")).parent().unwrap();
            let binary = binary.with_file_name("release").join("obs-error-exporter");
            assert!(binary.exists(), "no release binary at {}: run tests/run, which builds it", binary.display());
            fs::copy(&binary, first.join("out/bin/obs-error-exporter")).unwrap();
            let path = |path: &Path| path.to_str().unwrap().to_owned();
            let (file, stage) = (path(&self.folder.path().join("Dockerfile")), format!("build={}", path(&first)));
            let context = path(self.folder.path());
            let fixed =
                ["bud", "--isolation", "chroot", "--format", "docker", "--timestamp", "0", "--quiet", "--no-cache"];
            let given =
                ["--build-arg", "REVISION=0123456789ab", "--build-context", &stage, "--tag", tag, "--file", &file];
            self.buildah(&[fixed.as_slice(), &given, &[&context]].concat());
        }

        fn inspect(&self, tag: &str) -> Value {
            serde_json::from_str(&self.buildah(&["inspect", "--type", "image", tag])).unwrap()
        }

        /// A container's file system.
        fn mount(&self, tag: &str) -> PathBuf {
            let container = self.buildah(&["from", "--pull-never", tag]);
            PathBuf::from(self.buildah(&["mount", &container]))
        }
    }

    /// Everything below a folder, links not followed.
    fn contents(folder: &Path, below: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            found.push(path.strip_prefix(below).unwrap().to_str().unwrap().to_owned());
            if path.symlink_metadata().unwrap().is_dir() {
                contents(&path, below, found);
            }
        }
        found.sort();
    }

    /// Runs a command in a file system as a runtime does with `--read-only`, `--cap-drop ALL` and `--user` of the image.
    fn in_container(at: &Path, volumes: &[(&Path, &str)], command: &[String]) -> Command {
        let mut script = String::from("set -e; mount --make-rprivate /; mount --bind \"$0\" \"$0\"\n");
        script += "mount -t proc proc \"$0/proc\"\n";
        for (from, to) in volumes {
            script += &format!("mount --bind '{}' \"$0{to}\"\n", from.display());
        }
        script += "mount -o remount,bind,ro \"$0\"\n";
        script += "exec setpriv --inh-caps=-all --bounding-set=-all,+setuid,+setgid,+sys_chroot --no-new-privs \
                   chroot --userspec=65532:65532 --groups= \"$0\" \"$@\"\n";
        let mut unshare = Command::new("unshare");
        unshare.args(["--mount", "sh", "-c", &script]).arg(at).args(command);
        as_root(&unshare)
    }

    fn words(value: &Value) -> Vec<String> {
        value.as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn it_says_what_it_is_and_is_the_same_each_time() {
        let builder = Builder::new();
        builder.build("first");
        builder.build("second");
        let (about, second) = (builder.inspect("first"), builder.inspect("second"));
        // layers, configuration and history; only the build container's name, which docker's format has too, differs
        assert_eq!(about["OCIv1"], second["OCIv1"]);
        assert!(about["OCIv1"]["rootfs"]["diff_ids"].as_array().is_some_and(|layers| !layers.is_empty()));
        let config = &about["Docker"]["config"];
        assert_eq!(config["User"], "65532:65532");
        assert_eq!(config["StopSignal"], "SIGTERM");
        assert_eq!(config["Entrypoint"], json!(["/bin/obs-error-exporter"]));
        assert_eq!(config["Cmd"], json!(["serve"]));
        assert_eq!(config["Healthcheck"]["Test"], json!(["CMD", "/bin/obs-error-exporter", "healthcheck"]));
        assert_eq!(config["ExposedPorts"], json!({"19765/tcp": {}}));
        assert_eq!(config["Volumes"], json!({"/var/lib/obs-error-exporter": {}}));
        let label = |name: &str| config["Labels"][format!("org.opencontainers.image.{name}")].as_str().unwrap();
        assert_eq!(label("version"), env!("CARGO_PKG_VERSION"));
        assert_eq!(label("revision"), "0123456789ab");
        assert_eq!(label("licenses"), "Apache-2.0");
        assert_eq!(label("description"), env!("CARGO_PKG_DESCRIPTION"));

        let at = builder.mount("first");
        let mut found = Vec::new();
        contents(&at, &at, &mut found);
        // no shell, no libraries; the last four are what buildah puts where runtimes mount something
        let ours = ["bin", "bin/obs-error-exporter", "var", "var/lib", "var/lib/obs-error-exporter"];
        let runtimes = ["dev", "etc", "proc", "sys"];
        let known = |path: &String| ours.contains(&path.as_str()) || runtimes.iter().any(|at| path.starts_with(at));
        assert!(found.iter().all(known), "{found:?}");
        assert!(ours.iter().all(|path| found.iter().any(|found| found == path)), "{found:?}");
        let state = fs::metadata(at.join("var/lib/obs-error-exporter")).unwrap();
        assert_eq!((state.uid(), state.gid()), (65532, 65532));
        let size = fs::metadata(at.join("bin/obs-error-exporter")).unwrap().len();
        // 8 MiB of ours and 1 MiB of the C library
        assert!(size <= 9 * 1024 * 1024, "{size}");
    }

    #[test]
    fn it_serves_counts_and_stops() {
        let builder = Builder::new();
        builder.build("image");
        let about = builder.inspect("image");
        let config = &about["Docker"]["config"];
        let at = builder.mount("image");
        // a runtime makes the places of mounts, and tells who localhost is
        for place in ["proc", "etc", "var/log/app"] {
            done(as_root(Command::new("mkdir").arg("-p")).arg(at.join(place)));
        }
        let hosts = builder.folder.path().join("hosts");
        fs::write(&hosts, "127.0.0.1 localhost\n").unwrap();
        done(as_root(Command::new("cp").arg(&hosts)).arg(at.join("etc/hosts")));
        let folder = |name: &str, mode| {
            let path = builder.folder.path().join(name);
            fs::create_dir(&path).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            path
        };
        let (logs, state) = (folder("logs", 0o755), folder("state", 0o777));
        let volumes = [(logs.as_path(), "/var/log/app"), (state.as_path(), "/var/lib/obs-error-exporter")];
        let run = |more: &[&str]| {
            let mut command = words(&config["Entrypoint"]);
            command.extend(more.iter().map(|word| (*word).to_owned()));
            let mut command = in_container(&at, &volumes, &command);
            command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
            for variable in words(&config["Env"]) {
                let (name, value) = variable.split_once('=').unwrap();
                if name != "PATH" {
                    command.env(name, value);
                }
            }
            command
        };
        let serve = words(&config["Cmd"]).remove(0);
        let mut program =
            Program::start(&mut run(&[&serve, "--logs=/var/log/app/*.log", "--web.listen-address=localhost:0"]));
        let address: SocketAddr = wait("the daemon to listen", PATIENCE, || {
            let ended = program.exited();
            assert!(ended.is_none(), "it ended with {ended:?}; it said:\n{}", program.said());
            let said = program.said();
            let (_, rest) = said.lines().find(|line| line.contains("metrics are served"))?.split_once("address=")?;
            rest.split(' ').next()?.parse().ok()
        });
        fs::write(logs.join("app.log"), LINE).unwrap();
        let series = "huaweicloud_obs_errors_total{code=\"SlowDown\",status=\"503\",category=\"throttling\"} 1";
        wait("the error to be counted", PATIENCE, || {
            http::get(address, "/metrics").unwrap().1.contains(series).then_some(())
        });
        let url = format!("http://localhost:{}/-/ready", address.port());
        done(&mut run(&["healthcheck", "--url", &url]));
        // its root is read-only: another state folder than the volume cannot be made
        let other = ["--logs=/var/log/app/*.log", "--web.listen-address=localhost:0", "--state.path=/var/lib/other"];
        let said = crate::tools::refused(&mut run(&[&[serve.as_str()][..], &other].concat()));
        assert!(said.contains("Read-only file system"), "{said}");
        program.terminate();
        assert!(program.wait(PATIENCE).success(), "{}", program.said());
        assert!(fs::read_dir(&state).unwrap().count() > 0, "it leaves no state");
    }
}
