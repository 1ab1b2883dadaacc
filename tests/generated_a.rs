//! Every code of the catalogue in the formats of the SDKs for Java, C, Node.js and .NET, of OBSA and of obsfs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use obs_error_exporter::app::scan::Scanner;
use obs_error_exporter::catalogue::Catalogue;
use obs_error_exporter::config::Config;
use std::path::Path;

/// A log of one response. `{code}`, `{status}` and `{id}` are filled in.
struct Format {
    name: &'static str,
    log: &'static str,
    /// The format tells the status; if not, it is the catalogue's.
    status: bool,
    /// The format tells the id.
    id: bool,
}

const fn format(name: &'static str, status: bool, id: bool, log: &'static str) -> Format {
    Format { name, log, status, id }
}

const FORMATS: &[Format] = &[
    format("java exception with a body", true, true, JAVA_BODY),
    format("java exception with headers", true, true, JAVA_HEADERS),
    format("java exception with a JSON body", true, true, JAVA_JSON),
    format("java sample in a logger's lines", true, true, JAVA_SAMPLE_LOGGED),
    format("java sample", true, true, JAVA_SAMPLE),
    format("java retry by code", false, false, JAVA_RETRY),
    format("java last retry by code", true, true, JAVA_EXCEEDED),
    format("java debug", true, true, JAVA_DEBUG),
    format("java debug, retry by code", true, true, JAVA_DEBUG_RETRY),
    format("c", true, true, C),
    format("c, head", true, true, C_HEAD),
    format("c at level error", false, true, C_ERROR),
    format("node", true, true, NODE),
    format("node at level info", true, true, NODE_INFO),
    format("node at level debug", true, true, NODE_DEBUG),
    format("node at level debug, head", true, true, NODE_DEBUG_HEAD),
    format("node, JSON body", true, false, NODE_JSON),
    format("node sample", true, false, NODE_SAMPLE),
    format("browser", true, true, BROWSER),
    format("dotnet", true, true, DOTNET),
    format("dotnet, as in the manual", true, true, DOTNET_MANUAL),
    format("dotnet at level debug", true, true, DOTNET_DEBUG),
    format("dotnet retry by code", false, false, DOTNET_RETRY),
    format("hadoop", true, true, HADOOP),
    format("hadoop, older", true, true, HADOOP_OLD),
    format("hadoop bulk deletion", true, true, HADOOP_BULK),
    format("obsfs on a terminal", true, true, OBSFS),
    format("obsfs in its own log", true, true, OBSFS_OWN),
    format("obsfs without an id", true, true, OBSFS_NAMELESS),
];

const JAVA_BODY: &str = r#"2026-11-22 12:55:46 389|main|ERROR|storage call failed, op=putObject bucket=b
com.obs.services.exception.ObsException: com.obs.services.exception.ObsException: Error message:Request Error.OBS service Error Message. -- ResponseCode: {status}, ResponseStatus: x, XML Error Message: <?xml version="1.0" encoding="UTF-8" standalone="yes"?><Error><Code>{code}</Code><Message>Not NoSuchKey.</Message><RequestId>{id}</RequestId><HostId>x</HostId></Error>headers{request-id:{id},content-type:application/xml,}
	at com.obs.services.ObsClient.putObject(ObsClient.java:1)
Caused by: com.obs.services.internal.ServiceException: Request Error.
	... 5 more
"#;

const JAVA_HEADERS: &str = "2026-11-22 12:55:55 763|main|ERROR|storage call failed: com.obs.services.exception.ObsException: Error message:Request Error.OBS service Error Message. -- ResponseCode: {status}, ResponseStatus: x, RequestId: {id}, HostId: xheaders{content-length:0,error-code:{code},request-id:{id},error-message:m,}
";

const JAVA_JSON: &str = r#"2026-11-22 12:55:55 763|main|ERROR|storage call failed: com.obs.services.exception.ObsException: Error message:Request Error.OBS service Error Message. -- ResponseCode: {status}, ResponseStatus: x, XML Error Message: {"code": "{code}", "message": "Access Denied", "request_id": "{id}"}headers{id-2:x,}
"#;

const JAVA_SAMPLE_LOGGED: &str = "2026-11-22 12:55:46 754|main|ERROR|putObject failed
2026-11-22 12:55:46 754|main|ERROR|HTTP Code:{status}
2026-11-22 12:55:46 754|main|ERROR|Error Code:{code}
2026-11-22 12:55:46 754|main|ERROR|Error Message:m
Request Error.
2026-11-22 12:55:46 754|main|ERROR|Request ID:{id}
2026-11-22 12:55:46 755|main|ERROR|Host ID:x
";

const JAVA_SAMPLE: &str = "putObject failed
HTTP Code:{status}
Error Code:{code}
Error Message:m
Request ID:{id}
Host ID:x
";

const JAVA_RETRY: &str =
    "2026-11-22 12:55:50 708|main|WARN |Retrying connection that failed with {code} error, attempt number 1 of 3
";

const JAVA_EXCEEDED: &str = "2026-11-22 12:55:50 738|main|ERROR|Exceeded maximum number of retries for {code} errors: 3
2026-11-22 12:55:50 753|main|WARN |Request failed, Response code: {status}; Request ID: {id}; Request path: http://b.obs.example.com/
";

const JAVA_DEBUG: &str = "2026-11-22 12:55:52 100|main|DEBUG|Response for 'HEAD'. Content-Type: null, ResponseCode:{status}, Headers: Server: OBS
x-obs-request-id: {id}
x-obs-error-code: {code}

2026-11-22 12:55:52 101|main|WARN |Request failed, Response code: {status}; Request ID: {id}; Request path: http://b.obs.example.com/
";

const JAVA_DEBUG_RETRY: &str = "2026-11-22 12:55:52 100|main|DEBUG|Response for 'PUT'. Content-Type: application/xml, ResponseCode:{status}, Headers: Server: OBS
x-obs-request-id: {id}

2026-11-22 12:55:52 101|main|WARN |Retrying connection that failed with {code} error, attempt number 1 of 3
";

const C: &str = "[2026-11-22 13:08:31.987] [tid:8407] [obs-sdk-c.run] [error] |errorXmlCallback errorXml : Error/Code : {code}
[2026-11-22 13:08:31.987] [tid:8407] [obs-sdk-c.run] [error] |errorXmlCallback errorXml : Error/Message : m
[2026-11-22 13:08:31.988] [tid:8407] [obs-sdk-c.run] [error] |errorXmlCallback errorXml : Error/RequestId : {id}
[2026-11-22 13:08:31.988] [tid:8407] [obs-sdk-c.run] [warning] |request_finish request_finish status = 0,httpResponseCode = {status}
[2026-11-22 13:08:31.988] [tid:8407] [obs-sdk-c.run] [warning] |Message: m
[2026-11-22 13:08:31.988] [tid:8407] [obs-sdk-c.run] [warning] |Request Id: {id}
[2026-11-22 13:08:31.988] [tid:8407] [obs-sdk-c.run] [warning] |Reserved Indicator: (null)
[2026-11-22 13:08:31.988] [tid:8407] [obs-sdk-c.run] [warning] |Code: {code}
";

const C_HEAD: &str = "[2026-11-22 13:08:30.890] [tid:8407] [obs-sdk-c.run] [error] |x-obs-error-code: {code}
[2026-11-22 13:08:30.890] [tid:8407] [obs-sdk-c.run] [error] |x-obs-error-message: m
[2026-11-22 13:08:30.890] [tid:8407] [obs-sdk-c.run] [warning] |request_finish request_finish status = 0,httpResponseCode = {status}
[2026-11-22 13:08:30.890] [tid:8407] [obs-sdk-c.run] [warning] |Message: (null)
[2026-11-22 13:08:30.890] [tid:8407] [obs-sdk-c.run] [warning] |Request Id: {id}
";

const C_ERROR: &str =
    "[2026-11-22 13:08:31.987] [tid:8407] [obs-sdk-c.run] [error] |errorXmlCallback errorXml : Error/Code : {code}
[2026-11-22 13:08:31.988] [tid:8407] [obs-sdk-c.run] [error] |errorXmlCallback errorXml : Error/RequestId : {id}
";

const NODE: &str = "2026/11/22 HH:50:03 352|sdk-file|ERROR|ListObjects|request error with http status code:{status}
2026/11/22 HH:50:03 352|sdk-file|ERROR|ListObjects|request error with error code:{code}, error message:m, request id:{id}
";

const NODE_INFO: &str = "2026/11/22 HH:50:03 351|sdk-file|INFO |ListObjects|get response start, statusCode:{status}
2026/11/22 HH:50:03 352|sdk-file|ERROR|ListObjects|request error with http status code:{status}
2026/11/22 HH:50:03 352|sdk-file|INFO |ListObjects|request finished with request id:{id}
2026/11/22 HH:50:03 352|sdk-file|ERROR|ListObjects|request error with error code:{code}, error message:m, request id:{id}
2026/11/22 HH:50:03 353|sdk-file|INFO |ListObjects|ObsClient cost 29 ms
";

const NODE_DEBUG: &str = r#"2026/11/22 HH:50:03 351|sdk-file|INFO |ListObjects|get response start, statusCode:{status}
2026/11/22 HH:50:03 351|sdk-file|DEBUG|ListObjects|response msg :statusCode:{status}, headers:{"server":"OBS","x-obs-request-id":"{id}"}
2026/11/22 HH:50:03 351|sdk-file|DEBUG|ListObjects|response body:<?xml version="1.0"?><Error><Code>{code}</Code><Message>m</Message><RequestId>{id}</RequestId></Error>
2026/11/22 HH:50:03 352|sdk-file|ERROR|ListObjects|request error with http status code:{status}
2026/11/22 HH:50:03 352|sdk-file|INFO |ListObjects|request finished with request id:{id}
2026/11/22 HH:50:03 352|sdk-file|ERROR|ListObjects|request error with error code:{code}, error message:m, request id:{id}
2026/11/22 HH:50:03 353|sdk-file|DEBUG|ListObjects|exec interface ListObjects finish, Status:{status}, Code:{code}, Message:m
"#;

const NODE_DEBUG_HEAD: &str = "2026/11/22 HH:50:03 352|sdk-file|ERROR|HeadBucket|request error with http status code:{status}
2026/11/22 HH:50:03 352|sdk-file|INFO |HeadBucket|request finished with request id:{id}
2026/11/22 HH:50:03 353|sdk-file|DEBUG|HeadBucket|exec interface HeadBucket finish, Status:{status}, Code:{code}, Message:m
";

const NODE_JSON: &str = "2026/11/22 HH:50:03 352|sdk-file|ERROR|GetObject|request error with http status code:{status}
2026/11/22 HH:50:03 352|sdk-file|ERROR|GetObject|request error with error code:{code}, error message:m
";

const NODE_SAMPLE: &str = "putObject-->{status}
Code-->{code}
Message-->Not NoSuchKey
line two, code AccessDenied
";

const BROWSER: &str = "11/22/2026, 12:50:07 PM|error|ListObjects|request error with http status code:{status}
11/22/2026, 12:50:07 PM|error|ListObjects|request error with error code:{code}, error message:m, request id:{id}
";

const DOTNET: &str = "2026-11-20 09:14:21,337 [12] ERROR - Rethrowing as a ObsException error in PerformRequest
OBS.ObsException: Request error, StatusCode:{status}, ErrorCode:{code}, ErrorMessage:m, RequestId:{id}, HostId:x
   at OBS.Internal.HttpClient.PerformRequest(HttpRequest request)
2026-11-20 09:14:21,341 [12] ERROR - PutObject exception code: {code}, with message: m
";

const DOTNET_MANUAL: &str = "2018-05-23 21:55:02,536 [9] ERROR - Rethrowing as a ObsException error in PerformRequest
Request error, StatusCode:{status}, ErrorCode:{code}, ErrorMessage:m, RequestId:{id}, HostId:x
2018-05-23 21:55:02,548 [9] ERROR - ListObjectsRequest exception code: {code}, with message: Request error
";

const DOTNET_DEBUG: &str =
    "2026-11-20 09:14:21,330 [12] DEBUG - Response with statusCode {status} and headers {x-obs-request-id:{id}Date:x}
2026-11-20 09:14:21,337 [12] ERROR - Rethrowing as a ObsException error in PerformRequest
OBS.ObsException: Request error, StatusCode:{status}, ErrorCode:{code}, ErrorMessage:m, RequestId:{id}, HostId:x
";

const DOTNET_RETRY: &str = "2026-11-20 09:14:27,000 [12] WARN  - Retrying connection that failed with {code} error
";

const HADOOP: &str = "2026-11-20 09:15:02,417 ERROR fs.obs.OBSInvoker: retry 3 times fail: java.io.IOException: getFileStatus on obs://dw/t: ResponseCode[{status}],ErrorCode[{code}],ErrorMessage[m
Request Error.],RequestId[{id}]
";

const HADOOP_OLD: &str = "2026-11-20 09:15:08,000 WARN  fs.obs.OBSFileSystem: mkdirs on obs://dw/t: status [{status}] - request id [{id}] - error code [{code}] - error message [m] - trace :x
";

const HADOOP_BULK: &str = "2026-11-20 09:15:03,008 WARN  fs.obs.OBSCommonUtils: bulk delete objects failed: request [x], response code [{status}], error code [{code}], error message [m], request id [{id}]
";

const OBSFS: &str = "[ERR] curl.cpp:PrintRequestId4ResponseErr(2271): curl perform failed,url=http://obs.example.com/b/k,response={status},requestid={id}
[WAN] curl.cpp:RequestPerform(2350): Body Text: <?xml version='1.0' encoding='utf-8' ?>
<Error xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">
	<Code>{code}</Code>
	<RequestId>{id}</RequestId>
</Error>
";

const OBSFS_OWN: &str = "[2026-11-22 13:08:32.987654+0800][12345][ERR][curl.cpp,PrintRequestId4ResponseErr,2271] curl perform failed,url=http://obs.example.com/b/k,response={status},requestid={id}
[2026-11-22 13:08:32.987655+0800][12345][WARN][curl.cpp,RequestPerform,2350] Body Text: <?xml version=\"1.0\"?><Error><Code>{code}</Code></Error>, requestId: {id}
";

const OBSFS_NAMELESS: &str = "[2026-11-22 13:08:32.987654+0800][12345][ERR][curl.cpp,PrintRequestId4ResponseErr,2271] curl perform failed,url=http://obs.example.com/b/k,response={status},requestid=
[2026-11-22 13:08:32.987655+0800][12345][WARN][curl.cpp,RequestPerform,2350] Body Text: <?xml version=\"1.0\"?><Error><Code>{code}</Code><RequestId>{id}</RequestId></Error>
";

/// `COUNT CODE STATUS IDS` of a log in one or more parts, each the next of a rotation.
fn scan(parts: &[&str]) -> Vec<String> {
    let mut scanner = Scanner::new(Config::default()).unwrap();
    for (number, part) in parts.iter().enumerate() {
        scanner.read(Path::new("x.log"), number > 0, part.as_bytes()).unwrap();
    }
    let rows = scanner.finish().errors;
    let mut rows: Vec<_> = rows
        .iter()
        .map(|row| format!("{} {} {} {}", row.count, row.code, row.status, row.request_ids.join(",")))
        .collect();
    rows.sort();
    rows
}

/// A status that no code of the catalogue has: what is found is what was read.
const STATUS: &str = "418";

fn filled(format: &Format, code: &str, number: usize) -> String {
    let id = format!("0000018B66D1A2C3{number:016X}");
    format.log.replace("{code}", code).replace("{status}", STATUS).replace("{id}", &id)
}

fn expected(format: &Format, code: &str, number: usize) -> Vec<String> {
    let usual = Catalogue::built_in().get(code).and_then(|entry| entry.status);
    let status = match usual {
        _ if format.status => STATUS.to_owned(),
        Some(status) => status.to_string(),
        None => "unknown".to_owned(),
    };
    let id = if format.id { format!("0000018B66D1A2C3{number:016X}") } else { String::new() };
    vec![format!("1 {code} {status} {id}")]
}

#[test]
fn every_code_is_recognised_once() {
    for format in FORMATS {
        for (number, entry) in Catalogue::built_in().entries().iter().enumerate() {
            let log = filled(format, &entry.code, number);
            assert_eq!(scan(&[&log]), expected(format, &entry.code, number), "{}: {log}", format.name);
        }
    }
}

#[test]
fn another_spelling_is_the_same_code() {
    for format in FORMATS {
        let log = filled(format, "IncorrectNumberOfFilesInPost Request", 1);
        assert_eq!(scan(&[&log]), expected(format, "IncorrectNumberOfFilesInPostRequest", 1), "{}", format.name);
    }
}

#[test]
fn one_after_the_other() {
    for format in FORMATS {
        let codes = ["SlowDown", "AccessDenied", "NoSuchKey"];
        let logs: Vec<_> = codes.iter().enumerate().map(|(number, code)| filled(format, code, number)).collect();
        let mut all: Vec<_> = codes.iter().enumerate().flat_map(|(n, code)| expected(format, code, n)).collect();
        all.sort();
        assert_eq!(scan(&[&logs.concat()]), all, "{}", format.name);
    }
}

/// The lines of a response are joined over a rotation, except those that only make sense as one event.
#[test]
fn a_rotation_between_any_two_events() {
    for format in FORMATS {
        let log = filled(format, "NoSuchKey", 7);
        for (at, _) in log.match_indices('\n') {
            let (old, new) = log.split_at(at + 1);
            if obs_error_exporter::framing::stamped(new.lines().next().unwrap_or_default().as_bytes()) {
                assert_eq!(scan(&[old, new]), expected(format, "NoSuchKey", 7), "{}: {old}", format.name);
            }
        }
    }
}

/// Bytes that are missing or doubled may change what is found, but nothing else may happen.
#[test]
fn damage_is_borne() {
    for format in FORMATS {
        let log = filled(format, "KMS.DisabledException", 7);
        for at in 0..log.len() {
            let (Some(before), Some(behind)) = (log.get(..at), log.get(at..)) else { continue };
            scan(&[before]);
            scan(&[behind]);
            scan(&[before, &behind[1..]]);
        }
    }
}
