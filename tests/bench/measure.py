"""What the programs of this folder have in common: the binary, the logs, processes and what they cost, tables."""
import http.client
import json
import os
import platform
import re
import signal
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TARGET = os.path.join(ROOT, os.environ.get("CARGO_TARGET_DIR", "target"))
BENCH = os.path.join(TARGET, "bench")
KINDS = ["clean", "errors1", "errors50", "cri", "decoys", "json", "java"]
GIB = 2**30
TICK = os.sysconf("SC_CLK_TCK")
os.makedirs(BENCH, exist_ok=True)


def fail(text):
    sys.exit(f"{os.path.basename(sys.argv[0])}: {text}")


def rustc():
    """The compiler's version and what it builds for."""
    told = subprocess.run(["rustc", "-vV"], capture_output=True, text=True, check=True).stdout
    fields = dict(line.split(": ", 1) for line in told.splitlines() if ": " in line)
    return fields["release"], fields["host"]


def binary(given):
    """The program: the one that was given, or what is released, the same bytes wherever it is built."""
    if given:
        return os.path.abspath(given)
    # its flags are its own
    environment = {name: value for name, value in os.environ.items() if name != "RUSTFLAGS"}
    subprocess.run([os.path.join(ROOT, "deploy", "release"), "build"], env=environment, check=True)
    return os.path.join(TARGET, rustc()[1], "release", "obs-error-exporter")


def generator():
    """What makes the logs. It needs no crate, so the compiler alone makes it in a second."""
    sources = [os.path.join(ROOT, "tests", "bench", name) for name in ("corpus.rs", "logs.rs")]
    program = os.path.join(BENCH, "corpus")
    if not os.path.exists(program) or os.path.getmtime(program) < max(map(os.path.getmtime, sources)):
        subprocess.run(["rustc", "--edition", "2024", "-O", "-o", program, sources[0]], check=True)
    return program


def corpus(kind, mib):
    """A log and its truth, made once."""
    program = generator()
    log, truth = os.path.join(BENCH, f"{kind}.{mib}.log"), os.path.join(BENCH, f"{kind}.{mib}.truth")
    made = [os.path.exists(path) and os.path.getmtime(path) >= os.path.getmtime(program) for path in (log, truth)]
    if not all(made):
        with open(log, "wb") as out, open(truth + ".new", "wb") as err:
            subprocess.run([program, kind, str(mib * 2**20), "1"], stdout=out, stderr=err, check=True)
        os.rename(truth + ".new", truth)
    with open(truth) as lines:
        counts = {tuple(line.split()[1:]): int(line.split()[0]) for line in lines}
    return log, counts


def scanned(output):
    """What `scan --output json` has counted."""
    return {(row["code"], row["status"]): row["count"] for row in json.loads(output)["errors"]}


def run(command, keep=True, **more):
    """Runs a command; CPU seconds, peak MiB, output if that is kept, exit code."""
    with tempfile.TemporaryFile() if keep else open(os.devnull, "w+b") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL, **more)
        peak = 0
        while True:
            peak = max(peak, memory(process.pid))
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            time.sleep(0.01)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        return usage.ru_utime + usage.ru_stime, peak, out.read(), process.returncode


def memory(pid):
    """Peak resident memory of a process so far, MiB."""
    try:
        with open(f"/proc/{pid}/status") as status:
            return int(re.search(r"VmHWM:\s+(\d+)", status.read())[1]) / 1024
    except (OSError, TypeError):
        return 0


def cpu(pid):
    """CPU seconds of a process so far."""
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    ticks = (int(fields[11]) + int(fields[12])) / TICK
    # the same by thread, and finer; threads that have ended are in the first only
    threads = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{thread}/schedstat") as stat:
                threads += int(stat.read().split()[0]) / 1e9
        except OSError:
            pass
    return max(threads, ticks - 1 / TICK)


def wait(what, timeout=600):
    """Waits until something is so. It is asked seldom enough to cost next to nothing, and often enough to tell when."""
    began = time.monotonic()
    while not what():
        waited = time.monotonic() - began
        if waited > timeout:
            fail("the daemon did not come so far")
        time.sleep(max(0.002, waited / 50))


class Daemon:
    """The exporter on a port that the kernel chose."""

    def __init__(self, ours, arguments, state=None):
        self.folder = tempfile.TemporaryDirectory()
        state = os.path.join(self.folder.name, "state") if state else "none"
        self.log = open(os.path.join(self.folder.name, "own.log"), "w+")
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            [ours, "serve", "--web.listen-address", "127.0.0.1:0", "--state.path", state, *arguments],
            stderr=self.log, stdout=self.log)
        self.pid = self.process.pid
        address = None
        while address is None:
            with open(self.log.name) as log:
                told = log.read()
            if self.process.poll() is not None or time.monotonic() > self.began + 30:
                fail(f"the daemon did not start: {told}")
            found = re.search(r"127\.0\.0\.1:(\d+)", told)
            address = ("127.0.0.1", int(found[1])) if found else None
            time.sleep(0.002)
        self.connection = http.client.HTTPConnection(*address)

    def get(self, path="/metrics"):
        self.connection.request("GET", path)
        answer = self.connection.getresponse()
        return answer.status, answer.read().decode()

    def ready(self):
        """Waits until all has been read that was there; CPU seconds, and seconds since it was started."""
        wait(lambda: self.get("/-/ready")[0] == 200)
        return cpu(self.pid), time.monotonic() - self.began

    def errors(self):
        text = self.get()[1]
        found = re.findall(r"^huaweicloud_obs_errors_total\{[^}]*\} (\S+)", text, re.M)
        return sum(int(float(count)) for count in found)

    def expect(self, errors):
        """Every error is counted, and no other."""
        wait(lambda: self.errors() >= errors, timeout=60)
        if self.errors() != errors:
            fail(f"counted {self.errors()} errors, written {errors}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        self.log.close()
        self.folder.cleanup()


def table(head, rows):
    print("\n| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |")
    print(flush=True)


def told(parts, given):
    """Runs the parts that are asked for, each under its heading."""
    with open("/proc/cpuinfo") as info:
        model = next((line.split(":")[1].strip() for line in info if line.startswith("model name")), "?")
    machine = f"{os.cpu_count()} × {model}, Linux {platform.release()}"
    print(f"{machine}, logs of {given.mib} MiB, page cache warm", flush=True)
    ours = binary(given.binary)
    for name in given.only or parts:
        print(f"\n### {name}: {parts[name].__doc__}")
        parts[name](ours, given)
