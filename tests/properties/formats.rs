//! Where text of a client, and so of anybody who may choose its keys, stands in the logs of each product.
//!
//! `«raw»`: as it is, but without line feeds. `«url»`, `«xml»`, `«xml in json»`, `«json»`, `«go»`, `«python»`: escaped as it is done there.
//! `«words»`: as it is, in a line that an application words as it likes. Codes, field names and ids in it are no reports;
//! but if it holds the whole text that an SDK gives an error, nobody can tell it from an error that the application logs.

/// A log and where something may be put into it.
pub struct Format {
    pub name: &'static str,
    pub log: &'static str,
}

const fn format(name: &'static str, log: &'static str) -> Format {
    Format { name, log }
}

/// Logs that tell of one or more responses.
pub const ERRORS: &[Format] = &[
    format(
        "python",
        "2026-11-22 12:47:06,206|process:1|thread:2|ERROR|HTTP(s)+XML|OBS_LOGGER|_parse_xml_internal,1048|exceptional obs response:status:404,reason:Not Found,code:NoSuchKey,message:«raw»,requestId:@1|\n",
    ),
    format(
        "python, debug",
        "2026-11-22 12:47:06,206|process:1|thread:2|DEBUG|HTTP(s)+XML|OBS_LOGGER|_parse_xml_internal,1044|http response result:status:404,code:None,message:None,headers:[('request-id', '@1'), ('error-code', 'NoSuchKey'), ('content-length', '0'), ('x-obs-meta-note', '«python»')]|\n",
    ),
    format(
        "python, last attempt",
        "2026-11-22 12:47:07,732|process:1|thread:2|ERROR|HTTP(s)+XML|OBS_LOGGER|_parse_xml_internal,1048|exceptional obs response:status:503,reason:x,code:SlowDown,message:m,requestId:@1|\n2026-11-22 12:47:07,733|process:1|thread:2|ERROR|HTTP(s)+XML|OBS_LOGGER|_make_error_result,482|request error, {'status': 503, 'reason': 'Service Unavailable', 'errorCode': 'SlowDown', 'errorMessage': '«python»', 'body': '<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?><Error><Code>SlowDown</Code><Message>«xml»</Message><RequestId>@1</RequestId><HostId>32AAAQ</HostId><Resource>/«xml»</Resource></Error>', 'requestId': '@1', 'hostId': '32', 'resource': '/«python»', 'header': [('request-id', '@1')]}|\n",
    ),
    format(
        "go",
        "2026-11-22T12:50:05.208ZZ [WARN]: http.go:168|Do http request with error: obs: service returned error: Status=404 Not Found, Code=NoSuchKey, Message=«raw», RequestId=@1, Indicator=.\n",
    ),
    format(
        "go, attempts",
        "2026-11-22T12:50:14.827ZZ [WARN]: http.go:437|Failed to send request with reason:503 Service Unavailable, will try again\n2026-11-22T12:50:15.000ZZ [DEBUG]: http.go:341|Do request with url [http://b.obs.example.com:80/«url»] and method [GET]\n2026-11-22T12:50:16.640ZZ [ERROR]: http.go:605|Failed to send request with reason:503 Service Unavailable\n2026-11-22T12:50:16.641ZZ [WARN]: http.go:168|Do http request with error: obs: service returned error: Status=503 Service Unavailable, Code=SlowDown, Message=«raw», RequestId=@1, Indicator=.\n",
    ),
    format(
        "go, debug",
        "2026-11-22T13:05:11.824ZZ [DEBUG]: http.go:558|resp.StatusCode [403] resp.Status [403 Forbidden] Response headers: [X-Obs-Request-Id: [@1] X-Obs-Error-Code: [AccessDenied] X-Obs-Meta-Note: [«raw»]]\n2026-11-22T12:50:16.641ZZ [WARN]: http.go:168|Do http request with error: obs: service returned error: Status=403 Forbidden, Code=AccessDenied, Message=«raw», RequestId=@1, Indicator=.\n",
    ),
    format(
        "go in an application",
        "2026/11/22 12:50:21 ERROR upload worker: headBucket svc-202/«words» failed: obs: service returned error: Status=403 Forbidden, Code=AccessDenied, Message=«raw», RequestId=@1, Indicator=.\n",
    ),
    format(
        "go in logfmt",
        "2026/11/22 12:50:02 WARN  sync: op=putObject bucket=svc-4 key=\"«go»\" err=\"obs: service returned error: Status=400 Bad Request, Code=BadDomainName, Message=«go», RequestId=@1, Indicator=.\"\n",
    ),
    format("go sample", "Code:BadRequest\nMessage:«words»\n"),
    format(
        "node",
        "2026/11/22 HH:50:03 351|sdk-file|INFO |ListObjects|get tcp socket for b.obs.example.com:1/«url» cost 4 ms\n2026/11/22 HH:50:03 352|sdk-file|ERROR|ListObjects|request error with http status code:404\n2026/11/22 HH:50:03 352|sdk-file|INFO |ListObjects|request finished with request id:@1\n2026/11/22 HH:50:03 352|sdk-file|ERROR|ListObjects|request error with error code:NoSuchKey, error message:«raw», request id:@1\n",
    ),
    format(
        "node, debug",
        "2026/11/22 HH:50:03 351|sdk-file|DEBUG|ListObjects|response msg :statusCode:404, headers:{\"server\":\"OBS\",\"x-obs-request-id\":\"@1\",\"x-obs-meta-note\":\"«json»\"}\n2026/11/22 HH:50:03 352|sdk-file|ERROR|ListObjects|request error with http status code:404\n2026/11/22 HH:50:03 352|sdk-file|ERROR|ListObjects|request error with error code:NoSuchKey, error message:«raw», request id:@1\n2026/11/22 HH:50:03 353|sdk-file|DEBUG|ListObjects|exec interface ListObjects finish, Status:404, Code:NoSuchKey, Message:«raw»\n",
    ),
    format(
        "node in JSON",
        "{\"level\":\"error\",\"msg\":\"putObject failed\",\"key\":\"«json»\",\"obs\":{\"Status\":400,\"Code\":\"BadDomainName\",\"Message\":\"«json»\",\"HostId\":\"32\",\"RequestId\":\"@1\",\"InterfaceResult\":null}}\n",
    ),
    format("node sample", "putObject-->404\nCode-->NoSuchKey\nMessage-->«words»\n"),
    format(
        "java, south",
        "2026-11-22 12:55:54 197|main|ERROR|Storage|1|HTTP+XML|performRequest||||2026-11-22 12:55:54|null||Internal Server error(s).|503|\n2026-11-22 12:55:54 240|main|WARN |Encountered 1 Internal Server error(s), will retry in 100ms\n2026-11-22 12:55:54 297|main|ERROR|Storage|1|HTTP+XML|performRequest||||2026-11-22 12:55:54|null||Internal Server error(s).|503|\n2026-11-22 12:55:54 300|main|WARN |Request failed, Response code: 503; Request ID: @1; Request path: http://b.obs.example.com/«raw»\n",
    ),
    format(
        "java, retried by code",
        "2026-11-22 12:55:50 708|main|WARN |Retrying connection that failed with RequestTimeTooSkewed error, attempt number 1 of 3\n2026-11-22 12:55:50 738|main|ERROR|Exceeded maximum number of retries for RequestTimeTooSkewed errors: 3\n2026-11-22 12:55:50 753|main|WARN |Request failed, Response code: 403; Request ID: @1; Request path: http://b.obs.example.com/«raw»\n",
    ),
    format(
        "java exception with a body",
        "2026-11-22 12:55:46 389|main|ERROR|storage call failed, op=putObject key=«words»\ncom.obs.services.exception.ObsException: com.obs.services.exception.ObsException: Error message:Request Error.OBS service Error Message. -- ResponseCode: 400, ResponseStatus: Bad Request, XML Error Message: <?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?><Error><Code>BadDigest</Code><Message>«xml»</Message><RequestId>@1</RequestId><HostId>x</HostId><Resource>/«xml»</Resource></Error>headers{request-id:@1,content-type:application/xml,}\n\tat com.obs.services.ObsClient.putObject(ObsClient.java:1)\n",
    ),
    format(
        "java exception with headers",
        "2026-11-22 12:55:55 763|main|ERROR|storage call failed: com.obs.services.exception.ObsException: Error message:Request Error.OBS service Error Message. -- ResponseCode: 404, ResponseStatus: Not Found, RequestId: @1, HostId: xheaders{content-length:0,error-code:NoSuchKey,request-id:@1,error-message:«raw»,}\n",
    ),
    format(
        "java sample",
        "2026-11-22 12:55:46 754|main|ERROR|HTTP Code:400\n2026-11-22 12:55:46 754|main|ERROR|Error Code:BadRequest\n2026-11-22 12:55:46 754|main|ERROR|Error Message:«words»\n2026-11-22 12:55:46 754|main|ERROR|Request ID:@1\n2026-11-22 12:55:46 755|main|ERROR|Host ID:x\n",
    ),
    format(
        "c",
        "[2026-11-22 13:08:31.987] [tid:8407] [obs-sdk-c.run] [error] |errorXmlCallback errorXml : Error/Code : SlowDown\n[2026-11-22 13:08:31.987] [tid:8407] [obs-sdk-c.run] [error] |errorXmlCallback errorXml : Error/Message : «raw»\n[2026-11-22 13:08:31.988] [tid:8407] [obs-sdk-c.run] [error] |errorXmlCallback errorXml : Error/RequestId : @1\n[2026-11-22 13:08:31.988] [tid:8407] [obs-sdk-c.run] [error] |errorXmlCallback errorXml : Error/Resource : /«raw»\n[2026-11-22 13:08:31.988] [tid:8407] [obs-sdk-c.run] [warning] |request_finish request_finish status = 0,httpResponseCode = 503\n[2026-11-22 13:08:31.988] [tid:8407] [obs-sdk-c.run] [warning] |Message: «raw»\n[2026-11-22 13:08:31.988] [tid:8407] [obs-sdk-c.run] [warning] |Request Id: @1\n[2026-11-22 13:08:31.988] [tid:8407] [obs-sdk-c.run] [warning] |Reserved Indicator: (null)\n[2026-11-22 13:08:31.988] [tid:8407] [obs-sdk-c.run] [warning] |Code: SlowDown\n",
    ),
    format(
        "dotnet",
        "2026-11-20 09:14:21,337 [12] ERROR - Rethrowing as a ObsException error in PerformRequest\nOBS.ObsException: Request error, StatusCode:403, ErrorCode:AccessDenied, ErrorMessage:«raw», RequestId:@1, HostId:x\n   at OBS.Internal.HttpClient.PerformRequest(HttpRequest request)\n2026-11-20 09:14:21,341 [12] ERROR - PutObject exception code: AccessDenied, with message: «raw»\n",
    ),
    format(
        "hadoop",
        "2026-11-20 09:15:02,417 ERROR fs.obs.OBSInvoker: retry 3 times fail: java.io.IOException: getFileStatus on obs://dw/«words»: ResponseCode[503],ErrorCode[SlowDown],ErrorMessage[«raw»],RequestId[@1]\n",
    ),
    format(
        "obsfs",
        "[ERR] curl.cpp:PrintRequestId4ResponseErr(2271): curl perform failed,url=http://obs.example.com/b/«raw»,response=403,requestid=@1\n[WAN] curl.cpp:RequestPerform(2350): Body Text: <?xml version='1.0' encoding='utf-8' ?>\n<Error xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\n\t<Code>AccessDenied</Code>\n\t<Message>«xml»</Message>\n\t<Resource>/«xml»</Resource>\n\t<RequestId>@1</RequestId>\n</Error>\n",
    ),
    format(
        "php, log",
        "[2026-11-22T13:01:29.144931+00:00][INFO][ObsException.php:141]: http request:status:403, code:AccessDenied, message:«raw»\n",
    ),
    format(
        "php, message",
        "[2026-11-22 13:01:27] production.ERROR: Request failed: Client error: `PUT http://b.obs.example.com/«url»` resulted in a `400 Bad Request` response:\n<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?><Error><Code>EntityTooLarge</Code><Message>«xml» (truncated...)\n",
    ),
    format(
        "php, sample",
        "Response Code:400\nError Message:«words»\nError Code:BadDigest\nRequest ID:@1\nException Type:client\n",
    ),
    format(
        "obsutil, log",
        "2026-11-22T12:57:45Z [WARN]: log.go:302|Cannot create folder «words», status [403], error code [AccessDenied], error message [«raw»], request id [@1]\n",
    ),
    format(
        "obsutil, console",
        "Error: Status [404], error code [NoSuchBucket], error message [«raw»], request id [@1]\n",
    ),
    format(
        "obsutil, batch",
        "Upload failed, up.txt --> obs://b/«words», cost [44], status [400], error code [BadDigest], error message [«raw»], request id [@1]\n",
    ),
    format(
        "aws go v1",
        "2026/11/22 13:02:56 ERROR storage putObject failed: BadDomainName: «raw»\n\tstatus code: 400, request id: @1, host id: 32AAAQ\n",
    ),
    format(
        "aws go v1 in JSON",
        "{\"caller\":\"storage/obs.go:42\",\"error\":\"BadDigest: «json»\\n\\tstatus code: 400, request id: @1, host id: 32AAAQ\",\"key\":\"«json»\",\"level\":\"error\",\"msg\":\"storage call failed\"}\n",
    ),
    format(
        "aws go v2",
        "2026/11/22 13:02:56 ERROR x: operation error S3: PutObject, https response error StatusCode: 400, RequestID: @1, HostID: 32AAAQ, api error BadDigest: «raw»\n",
    ),
    format(
        "aws go v2 in JSON",
        "{\"error\":\"operation error S3: PutObject, https response error StatusCode: 400, RequestID: @1, HostID: 32AAAQ, api error BadDigest: «json»\",\"key\":\"«json»\",\"level\":\"error\"}\n",
    ),
    format(
        "boto",
        "2026-11-22 13:10:36,194 ERROR [orders] upload crashed: An error occurred (BadDigest) when calling the PutObject operation: «raw»\nTraceback (most recent call last):\nbotocore.exceptions.ClientError: An error occurred (BadDigest) when calling the PutObject operation: «raw»\n",
    ),
    format(
        "boto in JSON",
        "{\"key\":\"«json»\",\"message\":\"failed: An error occurred (BadDigest) when calling the PutObject operation: «json»\",\"level\":\"ERROR\"}\n",
    ),
    format(
        "application, logfmt",
        "2026-11-22 13:10:36,408 WARNING [orders.storage] storage call failed code=SlowDown status=503 request_id=@1 op=PutObject key=\"«go»\"\n",
    ),
    format(
        "aws js",
        "2026-11-22T13:00:32.825Z error: putObject failed BadDigest: «words»\n    at f (/srv/x.js:69:67) {\n  '$fault': 'client',\n  '$metadata': {\n    httpStatusCode: 400,\n    requestId: '@1',\n    cfId: undefined\n  },\n  Code: 'BadDigest',\n  RequestId: '@1',\n  Resource: '«python»'\n}\n",
    ),
    format(
        "aws js in JSON",
        "{\"level\":50,\"name\":\"orders\",\"err\":{\"type\":\"BadDomainName\",\"message\":\"«json»\",\"Code\":\"BadDomainName\",\"$metadata\":{\"httpStatusCode\":400,\"requestId\":\"@1\",\"attempts\":1},\"stack\":\"«json»\"},\"msg\":\"failed\"}\n",
    ),
    format(
        "aws java v1",
        "2026-11-22 13:00:00,000 ERROR x: com.amazonaws.services.s3.model.AmazonS3Exception: «words» (Service: Amazon S3; Status Code: 503; Error Code: SlowDown; Request ID: @1; S3 Extended Request ID: 32; Proxy: null), S3 Extended Request ID: 32\n\tat x.y.z(Z.java:1)\n",
    ),
    format(
        "minio py",
        "2026-11-22 13:00:44,287 ERROR root: S3 operation failed; code: NoSuchKey, message: «raw», resource: /b/«raw», request_id: @1, host_id: 32AAAQ, bucket_name: b\n",
    ),
    format(
        "minio py, JSON body",
        "2026-11-22 13:00:46,752 ERROR root: InvalidResponseError('non-XML response from server; Response code: 403, Content-Type: application/json, Body: {\"code\": \"AccessDenied\", \"message\": \"«json»\", \"request_id\": \"@1\"}')\n",
    ),
    format("s3cmd", "ERROR: S3 error: 404 (NoSuchKey): «raw»\n"),
    format(
        "s3cmd, retry",
        "WARNING: Retrying failed request: /«url» (503 (SlowDown): «raw»)\nWARNING: Waiting 3 sec...\n",
    ),
    format("terraform", "Error: error creating bucket reports: BucketAlreadyExists,\n Reason: «words»\n"),
    format(
        "access log",
        "787f2f92b20943998a4fe2ab75eb09b8 b [22/Nov/2026:12:47:06 +0000] 192.0.2.10 787f2f92b20943998a4fe2ab75eb09b8 @1 REST.GET.OBJECT a/«raw»/b \"GET /a/«encoded»/b HTTP/1.1\" 404 NoSuchKey 211 - 6 6 \"«raw»\" \"«raw»\" - - STANDARD - - 0a1b2c3d4e5f\n",
    ),
    format(
        "curl",
        "== 2026-11-22T13:10:06Z request http://b.obs.example.com/«url»\n> GET http://b.obs.example.com/«url» HTTP/1.1\n> User-Agent: «raw»\n> x-obs-meta-note: «raw»\n> \n< HTTP/1.1 404 Not Found\n< Server: OBS\n< x-obs-request-id: @1\n< x-obs-meta-note: «raw»\n< \n<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code><Message>«xml»</Message><RequestId>@1</RequestId><Key>«xml»</Key></Error>\n",
    ),
    format(
        "XML in JSON",
        "{\"level\":\"error\",\"key\":\"«json»\",\"body\":\"\\u003cError\\u003e\\u003cCode\\u003eNoSuchKey\\u003c/Code\\u003e\\u003cMessage\\u003e«xml in json»\\u003c/Message\\u003e\\u003cRequestId\\u003e@1\\u003c/RequestId\\u003e\\u003c/Error\\u003e\"}\n",
    ),
    format(
        "JSON body",
        "{\"code\":\"NoSuchBucket\",\"message\":\"«json»\",\"request_id\":\"@1\",\"resource\":\"«json»\"}\n",
    ),
];

/// Logs that tell of none.
pub const SUCCESSES: &[Format] = &[
    format(
        "python",
        "2026-11-22 13:05:12,719|process:1|thread:2|DEBUG|HTTP(s)+XML|OBS_LOGGER|_make_request_internal,574|method:GET, path:/«url»?prefix=«url», header:{'Host': '******', 'x-obs-meta-note': '«python»'}|\n2026-11-22 13:05:12,724|process:1|thread:2|DEBUG|HTTP(s)+XML|OBS_LOGGER|_parse_xml_internal,1044|http response result:status:200,reason:OK,code:None,message:None,headers:[('request-id', '@2'), ('x-obs-meta-note', '«python»')]|\n2026-11-22 13:05:12,742|process:1|thread:2|DEBUG|HTTP(s)+XML|OBS_LOGGER|_prepare_body,981|receive Msg:<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?><ListBucketResult><Name>b</Name><Prefix>«xml»</Prefix><Contents><Key>«xml»</Key></Contents></ListBucketResult>|\n",
    ),
    format(
        "go",
        "2026-11-22T13:05:11.821ZZ [DEBUG]: http.go:341|Do request with url [http://b.obs.example.com:80/«url»] and method [GET]\n2026-11-22T13:05:11.824ZZ [DEBUG]: http.go:358|Request headers: User-Agent: [«raw»]\n2026-11-22T13:05:11.824ZZ [DEBUG]: http.go:558|resp.StatusCode [200] resp.Status [200 OK] Response headers: [X-Obs-Request-Id: [@2] X-Obs-Meta-Note: [«raw»]]\n",
    ),
    format(
        "node",
        "2026/11/22 HH:50:01 801|sdk-file|INFO |GetObject|get tcp socket for b.obs.example.com:1/«url» cost 14 ms\n2026/11/22 HH:50:01 990|sdk-file|INFO |GetObject|get response start, statusCode:200\n2026/11/22 HH:50:01 990|sdk-file|DEBUG|GetObject|response msg :statusCode:200, headers:{\"x-obs-request-id\":\"@2\",\"x-obs-meta-note\":\"«json»\"}\n2026/11/22 HH:50:01 991|sdk-file|INFO |GetObject|request finished with request id:@2\n",
    ),
    format(
        "java",
        "2026-11-22 12:55:45 799|main|INFO |Storage|1|HTTP+XML|getObject||||2026-11-22 12:55:43|2026-11-22 12:55:45|«url»||0|\n2026-11-22 12:55:45 800|main|DEBUG|Response for 'GET'. Content-Type: null, ResponseCode:200, Headers: Server: OBS\nx-obs-request-id: @2\nx-obs-meta-note: «raw»\n\n",
    ),
    format(
        "c",
        "[2026-11-22 13:08:31.988] [tid:8407] [obs-sdk-c.run] [warning] |x-obs-meta-note: «raw»\n[2026-11-22 13:08:31.988] [tid:8407] [obs-sdk-c.run] [info] |request_finish request_finish status = 0,httpResponseCode = 200\n",
    ),
    format("application", "2026-11-22 12:00:00 INFO uploaded bucket=b key=«words» size=3 status=200\n"),
    format("application, quoted", "time=2026-11-22T12:00:00Z level=info msg=\"uploaded\" key=\"«go»\" status=200\n"),
    format(
        "application, JSON",
        "{\"level\":\"info\",\"msg\":\"uploaded\",\"key\":\"«json»\",\"agent\":\"«json»\",\"status\":200}\n",
    ),
    format(
        "web server",
        "192.0.2.1 - - [22/Nov/2026:12:47:06 +0000] \"GET /«url» HTTP/1.1\" 200 12 \"«go»\" \"«go»\"\n",
    ),
    format(
        "access log",
        "787f2f92b20943998a4fe2ab75eb09b8 b [22/Nov/2026:12:47:06 +0000] 192.0.2.10 787f2f92b20943998a4fe2ab75eb09b8 @2 REST.PUT.OBJECT a/«raw»/b \"PUT /a/«encoded»/b HTTP/1.1\" 200 - 211 - 6 6 \"«raw»\" \"«raw»\" - - STANDARD - - 0a1b2c3d4e5f\n",
    ),
    format(
        "access log of a bucket",
        "787f2f92b20943998a4fe2ab75eb09b8 b [22/Nov/2026:12:47:06 +0000] 192.0.2.10 787f2f92b20943998a4fe2ab75eb09b8 @2 REST.GET.BUCKET - \"GET /?prefix=«url» HTTP/1.1\" 200 - 211 - 6 6 \"«raw»\" \"«raw»\" - - - - - 0a1b2c3d4e5f\n",
    ),
    format(
        "curl",
        "== 2026-11-22T13:10:06Z request http://b.obs.example.com/«url»\n> GET http://b.obs.example.com/«url» HTTP/1.1\n> User-Agent: «raw»\n> \n< HTTP/1.1 200 OK\n< Server: OBS\n< x-obs-request-id: @2\n< x-obs-meta-note: «raw»\n< \n",
    ),
];
