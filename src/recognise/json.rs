//! JSON: a line of a structured log with the error nested somewhere in it, or an error body of its own
//! (`{"code":…,"message":…,"request_id":…}`), also within a string of another JSON document.
//!
//! An object tells of a response if it has a code; status and request id may stand in it, in an object inside it
//! (`$metadata`) or around it.

use super::{Recogniser, Report, Reports, Seen, fields, keys, owned};
use keys::Field;
use serde_json::Value;

pub struct Json;

impl Recogniser for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn anchors(&self) -> &[&str] {
        &[
            "ode\":\"",
            "ode\": \"",
            "ode\\\":\\\"",
            "ode\\\": \\\"", // code, Code, errorCode, error_code, …
            "tatusCode\"",
            "status_code\"",
        ]
    }

    fn read<'e>(&self, event: Seen<'e, '_>, found: &mut Reports<'e>) {
        let event = event.text;
        let mut from = 0;
        let mut tries = 0;
        while let Some(brace) = memchr::memchr(b'{', &event[from..]).map(|at| from + at) {
            let mut values = serde_json::Deserializer::from_slice(&event[brace..]).into_iter::<Value>();
            match values.next() {
                Some(Ok(Value::Object(object))) => {
                    let mut errors = Vec::new();
                    walk(&Value::Object(object), &Fields::default(), 0, &mut errors);
                    from = brace + values.byte_offset().max(1);
                    let reports = errors.iter().filter_map(|error| error.report(event, brace));
                    // what has an id of OBS is the error itself, and any other text in it its message
                    found.extend(
                        reports.map(|report| Report { until: if report.doubtful { 0 } else { from }, ..report }),
                    );
                }
                _ => {
                    // not JSON from here on, maybe from the next brace on
                    from = brace + 1;
                    tries += 1;
                    if tries > MOST_TRIES {
                        break;
                    }
                }
            }
        }
    }
}

/// Braces that turn out to begin no JSON before the rest of an event is passed over.
const MOST_TRIES: usize = 32;

/// How deep objects and strings of JSON may be nested.
const DEEPEST: usize = 16;

#[derive(Debug, Default, Clone)]
struct Fields {
    code: Option<String>,
    status: Option<u16>,
    id: Option<String>,
    /// There is a field for a code, whatever it holds.
    coded: bool,
}

impl Fields {
    fn or(self, other: &Self) -> Self {
        Self {
            code: self.code.or_else(|| other.code.clone()),
            status: self.status.or(other.status),
            id: self.id.or_else(|| other.id.clone()),
            coded: self.coded || other.coded,
        }
    }

    fn report<'e>(&self, event: &'e [u8], at: usize) -> Option<Report<'e>> {
        let report = Report {
            code: self.code.as_deref().and_then(|code| keys::locate(event, code)),
            status: self.status,
            request_id: self.id.as_deref().and_then(|id| keys::locate(event, id)),
            ..Report::at(at)
        };
        keys::judge(report, self.coded)
    }
}

/// Collects the errors in a value. What an object lacks is taken from those inside it, then from those around it.
fn walk(value: &Value, around: &Fields, depth: usize, errors: &mut Vec<Fields>) {
    if depth > DEEPEST {
        return;
    }
    match value {
        Value::Object(object) => {
            let own = fields_of(object);
            let outer = Fields { code: None, ..own.clone().or(around) };
            let before = errors.len();
            // the strings of an error with an id are its message and what it is about
            let whole = own.code.is_some() && (own.id.is_some() || object.contains_key("$metadata"));
            for (key, child) in object {
                if !(child.is_string() && (whole || owned::holds_data(key.as_bytes()))) {
                    walk(child, &outer, depth + 1, errors);
                }
            }
            let inner = errors.split_off(before);
            let (told, rest): (Vec<_>, Vec<_>) = inner.into_iter().partition(|error| error.code.is_some());
            let mut own = own;
            for more in rest {
                own = own.or(&more);
            }
            let repeated = own.code.is_none() || told.iter().any(|error| error.code == own.code);
            if told.is_empty() || !repeated {
                let own = own.or(&outer);
                if own.code.is_some() || own.status.is_some() && own.id.is_some() {
                    errors.push(own);
                }
            }
            errors.extend(told);
        }
        Value::Array(values) => values.iter().for_each(|value| walk(value, around, depth + 1, errors)),
        Value::String(text) if text.trim_start().starts_with('{') => {
            if let Ok(inner @ Value::Object(_)) = serde_json::from_str::<Value>(text.trim()) {
                walk(&inner, around, depth + 1, errors);
            }
        }
        _ => {}
    }
}

fn fields_of(object: &serde_json::Map<String, Value>) -> Fields {
    let mut fields = Fields::default();
    for (key, value) in object {
        let field = keys::field(key.as_bytes());
        fields.coded |= key == "$metadata" || field == Some(Field::Code) && !value.is_number();
        match (field, value) {
            (Some(Field::Code), Value::String(text)) => {
                if let Some(code) = keys::code(text.as_bytes()) {
                    fields.code.get_or_insert_with(|| code.to_owned());
                }
            }
            (Some(Field::Code | Field::Status), Value::Number(number)) => {
                let status = number.as_u64().and_then(|number| u16::try_from(number).ok());
                fields.status = fields.status.or(status.filter(|status| (100..600).contains(status)));
            }
            (Some(Field::Status), Value::String(text)) => {
                fields.status = fields.status.or_else(|| fields::status(text.trim().as_bytes()));
            }
            (Some(Field::RequestId), Value::String(text)) => {
                let whole = fields::request_id(text.as_bytes()).filter(|id| id.len() == text.len());
                if let Some(id) = whole {
                    fields.id.get_or_insert_with(|| id.to_owned());
                }
            }
            _ => {}
        }
    }
    fields
}

/// Whether a text can hold anything for this recogniser at all.
#[cfg(test)]
fn anchored(event: &[u8]) -> bool {
    Json.anchors().iter().any(|anchor| memchr::memmem::find(event, anchor.as_bytes()).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0000046F8C2E7B5A91D3F0E6A7B8C9D0";

    fn read(text: &str) -> Vec<(Option<String>, Option<u16>, Option<String>)> {
        let text = text.replace("ID", ID);
        assert!(anchored(text.as_bytes()), "{text}");
        let found = super::super::tests::ask(&Json, text.as_bytes());
        let listed = |r: &&Report<'_>| !r.doubtful || r.code.is_some_and(|c| matches!(c, "NoSuchKey" | "AccessDenied"));
        found
            .iter()
            .filter(listed)
            .map(|r| (r.code.map(str::to_owned), r.status, r.request_id.map(str::to_owned)))
            .collect()
    }

    #[test]
    fn errors_are_found_wherever_they_are_nested() {
        let whole = vec![(Some("NoSuchKey".to_owned()), Some(404), Some(ID.to_owned()))];
        for text in [
            r#"{"code":"NoSuchKey","status":404,"request_id":"ID"}"#,
            r#"{"level":"error","obs":{"Status":404,"Code":"NoSuchKey","RequestId":"ID"}}"#,
            r#"{"err":{"Code":"NoSuchKey","$metadata":{"httpStatusCode":404,"requestId":"ID"}}}"#,
            r#"{"status":"404","requestId":"ID","error":{"code":"NoSuchKey","message":"x"}}"#,
            r#"{"msg":"x","body":"{\"code\":\"NoSuchKey\",\"status\":404,\"request_id\":\"ID\"}"}"#,
            r#"2026-11-22 x: failed; Body: {"errorCode": "NoSuchKey", "statusCode": 404, "requestId": "ID"}')"#,
            "{\n \"code\": \"NoSuchKey\",\n \"status\": 404,\n \"request-id\": \"ID\"\n}",
            r#"x {not json} {"code":"NoSuchKey","status":404,"request_id":"ID"}"#,
        ] {
            assert_eq!(read(text), whole, "{text}");
        }
    }

    #[test]
    fn what_is_missing_stays_missing() {
        assert_eq!(read(r#"{"code":"NoSuchKey","message":"x"}"#), [(Some("NoSuchKey".to_owned()), None, None)]);
        assert_eq!(read(r#"{"Status":404,"Code":"","RequestId":"ID"}"#), [(None, Some(404), Some(ID.to_owned()))]);
        assert_eq!(read(r#"{"code":"NoSuchKey","RequestId":""}"#), [(Some("NoSuchKey".to_owned()), None, None)]);
    }

    #[test]
    fn two_errors_are_two() {
        assert_eq!(read(r#"{"errors":[{"code":"NoSuchKey"},{"code":"AccessDenied"}]}"#).len(), 2);
    }

    #[test]
    fn errors_of_the_application_itself_are_none() {
        for text in [
            r#"{"code":"OrderNotFound","status":404}"#,
            r#"{"code":"NoSuchKey.txt","msg":"uploaded"}"#,
            r#"{"code":"E1234","request_id":"abc-def-12345678"}"#,
            r#"{"statusCode":404,"url":"/x"}"#,
            r#"{"statusCode":404,"request_id":"0000046F8C2E7B5A91D3F0E6A7B8C9D0"}"#,
            r#"{"code":"OrderNotFound","request_id":"4bf92f3577b34da6a3ce929d0e0e4736"}"#,
            r#"{"zipcode":"AccessDenied"}"#,
            r#"{"code":"None","status":500}"#,
        ] {
            assert_eq!(read(text), [], "{text}");
        }
    }

    #[test]
    fn hostile_nesting_is_survived() {
        let deep = format!("{}\"code\":\"x\"", "{\"a\":".repeat(5000));
        assert!(read(&deep).is_empty());
        assert!(read(&format!("\"code\":\"x\" {}", "{".repeat(60_000))).is_empty());
    }
}
