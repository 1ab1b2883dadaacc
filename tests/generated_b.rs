//! Every code of the catalogue in the formats of the clients that are not OBS's own: found once, with its code, its
//! status and, where the format has one, its request id, also when two logs tell of the same response.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use obs_error_exporter::app::scan::{Report, Scanner};
use obs_error_exporter::catalogue::{Catalogue, Entry};
use obs_error_exporter::config::Config;
use std::path::Path;

/// How a client prints an error.
struct Format {
    name: &'static str,
    /// `@CODE`, `@STATUS` and `@ID` are filled in.
    text: &'static str,
}

impl Format {
    fn fill(&self, code: &str, status: u16, id: &str) -> String {
        self.text.replace("@CODE", code).replace("@STATUS", &status.to_string()).replace("@ID", id)
    }
}

const fn format(name: &'static str, text: &'static str) -> Format {
    Format { name, text }
}

const FORMATS: &[Format] = &[
    format(
        "aws-sdk-go v1",
        "2026/11/22 13:02:56 ERROR storage putObject b/NoSuchKey.txt: @CODE: A message: of AccessDenied: parts\n\tstatus \
         code: @STATUS, request id: @ID, host id: 32AAAQ+/x\n",
    ),
    format(
        "aws-sdk-go v1 in JSON",
        r#"{"error":"upload: @CODE: say \"no\"\n\tstatus code: @STATUS, request id: @ID, host id: 32","level":"error"}"#,
    ),
    format(
        "aws-sdk-go v1 in logfmt",
        r#"time=2026-11-22T13:02:56Z level=error err="@CODE: x\n\tstatus code: @STATUS, request id: @ID, host id: 32" op=put"#,
    ),
    format(
        "rclone",
        "2026/11/22 13:01:28 ERROR : Attempt 1/1 failed with 1 errors and: @CODE: x\n\tstatus code: @STATUS, request id: @ID, \
         host id: 32\n2026/11/22 13:01:28 Failed to copyto: @CODE: x\n\tstatus code: @STATUS, request id: @ID, host id: 32\n",
    ),
    format(
        "aws-sdk-go v2",
        "2026/11/22 13:02:56 ERROR x: operation error S3: PutObject, https response error StatusCode: @STATUS, RequestID: \
         @ID, HostID: 32AAAQ, api error @CODE: AccessDenied: x, NoSuchKey: y\n",
    ),
    format(
        "aws-sdk-go v2 in JSON, modelled",
        r#"{"error":"operation error S3: PutObject, https response error StatusCode: @STATUS, RequestID: @ID, HostID: 3, @CODE: "}"#,
    ),
    format(
        "boto3",
        "2026-11-22 13:10:36,194 ERROR x: An error occurred (@CODE) when calling the PutObject operation (reached max \
         retries: 3): AccessDenied (NoSuchKey)\nTraceback (most recent call last):\nbotocore.exceptions.ClientError: An \
         error occurred (@CODE) when calling the PutObject operation (reached max retries: 3): x\n",
    ),
    format(
        "boto3 in JSON",
        r#"{"message":"x: An error occurred (@CODE) when calling the PutObject operation: x","exc_info":"T:\n  x\nbotocore.exceptions.ClientError: An error occurred (@CODE) when calling the PutObject operation: x"}"#,
    ),
    format(
        "aws cli",
        "upload failed: ./a to s3://b/a An error occurred (@CODE) when calling the PutObject operation: x\n",
    ),
    format(
        "aws-sdk-js v3",
        "2026-11-22T13:00:32.825Z error: putObject failed @CODE: x\n    at f (/srv/x.js:69:67) {\n  '$fault': \
         'client',\n  '$metadata': {\n    httpStatusCode: @STATUS,\n    requestId: '@ID',\n    cfId: undefined\n  },\n  \
         Code: '@CODE',\n  RequestId: '@ID',\n  Resource: '/NoSuchKey'\n}\n",
    ),
    format("aws-sdk-js v3 in a line", "2026-11-22T13:00:32.879Z error: @CODE: The request AccessDenied: x\n"),
    format(
        "aws-sdk-java v1",
        "2026-11-22 13:00:00,000 ERROR x: com.amazonaws.services.s3.model.AmazonS3Exception: NoSuchKey (Service: Amazon \
         S3; Status Code: @STATUS; Error Code: @CODE; Request ID: @ID; S3 Extended Request ID: 32; Proxy: null), S3 \
         Extended Request ID: 32\n\tat x.y.z(Z.java:1)\nCaused by: com.amazonaws.services.s3.model.AmazonS3Exception: \
         NoSuchKey (Service: Amazon S3; Status Code: @STATUS; Error Code: @CODE; Request ID: @ID)\n",
    ),
    format(
        "aws-sdk-java v2",
        "2026-11-22 13:00:00,000 ERROR x: software.amazon.awssdk.services.s3.model.@CODEException: NoSuchKey (Service: S3, \
         Status Code: @STATUS, Request ID: @ID, Extended Request ID: 32) (SDK Attempt Count: 1)\n",
    ),
    format(
        "minio-py",
        "2026-11-22 13:00:44,287 ERROR root: S3 operation failed; code: @CODE, message: line\ntwo AccessDenied, resource: \
         /b/SlowDown, request_id: @ID, host_id: 32AAAQ, bucket_name: b\n",
    ),
    format(
        "minio-py, JSON body",
        r#"2026-11-22 13:00:46,752 ERROR root: InvalidResponseError('non-XML response from server; Response code: @STATUS, Content-Type: application/json, Body: {"code": "@CODE", "message": "NoSuchKey", "request_id": "@ID"}')"#,
    ),
    format("s3cmd", "ERROR: S3 error: @STATUS (@CODE): Message (NoSuchKey)\n"),
    format("s3cmd, retry", "WARNING: Retrying failed request: /AccessDenied (@STATUS (@CODE): Message (NoSuchKey))\n"),
    format(
        "obs php, log",
        "[2026-11-22T13:01:29.144931+00:00][INFO][ObsException.php:141]: http request:status:@STATUS, code:@CODE, \
         message:AccessDenied\n",
    ),
    format(
        "obs php, message",
        "[2026-11-22 13:01:27] production.ERROR: Request failed: Client error: `PUT http://b.obs.example.com/NoSuchKey` \
         resulted in a `@STATUS x` response:\n<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?><Error><Code>\
         @CODE</Code><Message>Your pro (truncated...)\n",
    ),
    format(
        "obs php, sample",
        "Response Code:@STATUS\nError Message:AccessDenied\nError Code:@CODE\nRequest ID:@ID\nException Type:client\n",
    ),
    format(
        "obsutil, log",
        "2026-11-22T12:57:45Z [WARN]: log.go:302|Cannot create folder data/, status [@STATUS], error code [@CODE], error \
         message [AccessDenied], request id [@ID]\n",
    ),
    format(
        "obsutil, console",
        "Error: Status [@STATUS], error code [@CODE], error message [x [y]], request id [@ID]\n",
    ),
    format(
        "obsutil, batch",
        "2026-11-22T12:57:51Z 3B, up.txt --> obs://b/NoSuchKey, cost [44], status [@STATUS], error code [@CODE], error \
         message [x], request id [@ID]\n",
    ),
    format("terraform", "Error: error creating bucket reports: @CODE,\n Reason: AccessDenied: x\n"),
    format("terraform, boxed", "╷\n│ Error: error creating bucket reports: @CODE,\n│  Reason: AccessDenied\n│ \n"),
    format(
        "access log",
        "787f2f92b20943998a4fe2ab75eb09b8 b [22/Nov/2026:12:47:06 +0000] 192.0.2.10 787f2f92b20943998a4fe2ab75eb09b8 @ID \
         REST.GET.OBJECT a \"NoSuchKey\" 404 b \"GET /a HTTP/1.1\" @STATUS @CODE 211 - 6 6 \"-\" \"x\" - - STANDARD - -\n",
    ),
];

fn scan(logs: &[&str]) -> Report {
    let mut scanner = Scanner::new(Config::default()).unwrap();
    for log in logs {
        scanner.read(Path::new("x.log"), false, log.as_bytes()).unwrap();
    }
    scanner.finish()
}

/// The names of a code that are sent.
fn names(entry: &Entry) -> impl Iterator<Item = &str> {
    std::iter::once(entry.code.as_str()).chain(entry.aliases.split('|').filter(|alias| alias.contains(' ')))
}

/// The class that an error is put into has no room for a dot or a blank.
fn has_class(name: &str) -> bool {
    !name.contains(['.', ' ']) && !name.ends_with("Exception")
}

#[test]
fn every_code_in_every_format() {
    let mut wrong = Vec::new();
    for (number, entry) in Catalogue::built_in().entries().iter().enumerate() {
        let status = entry.status.unwrap_or(400);
        let id = format!("00000A{number:026X}");
        for format in FORMATS {
            for name in names(entry).filter(|name| !format.text.contains("@CODEException") || has_class(name)) {
                let text = format.fill(name, status, &id);
                let has_id = format.text.contains("@ID");
                let report = if has_id { scan(&[&text, &text]) } else { scan(&[&text]) };
                let logged = format.text.contains("@STATUS") || entry.status.is_some();
                let shown = if logged { status.to_string() } else { "unknown".to_owned() };
                let right = matches!(report.errors.as_slice(), [row]
                    if row.code == entry.code && row.status == shown && row.count == 1
                        && (!has_id || row.request_ids == [id.clone()]));
                if !right {
                    let found: Vec<_> =
                        report.errors.iter().map(|row| (&row.code, &row.status, row.count, &row.request_ids)).collect();
                    wrong.push(format!("{}: {name}: {found:?}", format.name));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong[..wrong.len().min(20)].join("\n"));
}

#[test]
fn cut_or_garbled_anywhere_it_is_survived() {
    for format in FORMATS {
        let text = format.fill("NoSuchKey", 404, "00000A00000000000000000000000001").into_bytes();
        for at in 0..text.len() {
            for with in [b"".as_slice(), b"\"", b"\\", b"\n", b"]", b": ", b"\xff", b"{", b"'", text.as_slice()] {
                let mut scanner = Scanner::new(Config::default()).unwrap();
                let garbled = [&text[..at], with, &text[(at + 1 + with.len() % 7).min(text.len())..]].concat();
                scanner.read(Path::new("x.log"), false, garbled.as_slice()).unwrap();
                scanner.read(Path::new("x.log"), false, &text[..at]).unwrap();
                let _ = scanner.finish();
            }
        }
    }
}
