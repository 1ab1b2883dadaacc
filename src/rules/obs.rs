//! The alerts about errors of OBS.

use super::alert::{Alert, Subject, Texts};
use super::parameters::{Parameter, Unit};
use super::{Scope, Selection};
use crate::catalogue::Category;

/// The range of time that a query looks at.
pub(super) const fn window(default: &'static str) -> Parameter {
    Parameter { name: "window", unit: Unit::Range, default, about: "the time that is looked at" }
}

/// More errors than this in the window.
pub(super) const fn count(default: &'static str) -> Parameter {
    Parameter { name: "count", unit: Unit::Count, default, about: "fires above so many errors in the window" }
}

const fn rate(default: &'static str) -> Parameter {
    Parameter { name: "rate", unit: Unit::PerSecond, default, about: "fires above so many errors a second" }
}

const fn baseline(default: &'static str) -> Parameter {
    Parameter {
        name: "baseline",
        unit: Unit::Range,
        default,
        about: "the past that it is compared with, before the window",
    }
}

const fn factor(default: &'static str) -> Parameter {
    Parameter {
        name: "factor", unit: Unit::Factor, default, about: "fires above so many times the rate of the past …"
    }
}

const fn margin(default: &'static str) -> Parameter {
    Parameter { name: "margin", unit: Unit::PerSecond, default, about: "… and so many errors a second more" }
}

fn more_than_count(scope: &Scope) -> String {
    format!("{} > {}", scope.increase(), scope.value("count"))
}

fn more_than_rate(scope: &Scope) -> String {
    format!("{} > {}", scope.rate(), scope.value("rate"))
}

/// Without a past the past was nothing: `x > 4 * y` alone is never true where there is no `y`.
fn more_than_before(scope: &Scope) -> String {
    let (now, before) = (scope.rate(), scope.past());
    let (factor, margin) = (scope.value("factor"), scope.value("margin"));
    format!("{now}\n  > {factor} * ({before} or {now} * 0) + {margin}")
}

fn spike(scope: &Scope) -> String {
    let (now, seconds, count) = (scope.rate(), scope.seconds("window"), scope.value("count"));
    format!("{}\nand\n{now} * {seconds} > {count}", more_than_before(scope))
}

const fn of(categories: &'static [Category], but: &'static [&'static str], lead: &'static str) -> Option<Subject> {
    Some(Subject { codes: Selection::Categories(categories, but), lead })
}

const fn codes(codes: &'static [&'static str]) -> Option<Subject> {
    Some(Subject { codes: Selection::Codes(codes), lead: codes[0] })
}

/// Conflicts that say that what was asked for is so already.
const DONE_ALREADY: &[&str] =
    &["BucketAlreadyOwnedByYou", "CustomDomainAreadyExist", "ObjectHasAlreadyRestored", "RestoreAlreadyInProgress"];

/// Redirects that clients follow by themselves.
const FOLLOWED: &[&str] = &["TemporaryRedirect", "Redirect"];

pub(super) static ALERTS: &[Alert] = &[
    Alert {
        name: "ObsAccountInArrears",
        severity: "critical",
        hold: "0s",
        keep: "30m",
        more: &[window("10m"), count("0")],
        subject: codes(&["InArrearOrInsufficientBalance"]),
        by: &[],
        condition: more_than_count,
        texts: [
            Texts {
                summary: "OBS refuses <where>: the account is in arrears",
                description: "OBS refuses requests of <where>, <count> in the last <window>, because bills are \
                    unpaid or the balance is empty. <remedy>",
            },
            Texts {
                summary: "<where>：账户欠费，OBS 拒绝请求",
                description: "最近 <window> 内，<where> 有 <count> 个请求因账单未付或余额不足被 OBS 拒绝。<remedy>",
            },
        ],
    },
    Alert {
        name: "ObsAccountUnusable",
        severity: "critical",
        hold: "0s",
        keep: "30m",
        more: &[window("10m"), count("0")],
        subject: of(&[Category::Account], &["InArrearOrInsufficientBalance"], "AccountProblem"),
        by: &["code"],
        condition: more_than_count,
        texts: [
            Texts {
                summary: "OBS refuses <where>: the account cannot be used (<code>)",
                description: "OBS refuses requests of <where> with <code>, <count> in the last <window>. <remedy>",
            },
            Texts {
                summary: "<where>：账户不可用（<code>），OBS 拒绝请求",
                description: "最近 <window> 内，<where> 有 <count> 个请求被 OBS 以 <code> 拒绝。<remedy>",
            },
        ],
    },
    Alert {
        name: "ObsThrottled",
        severity: "warning",
        hold: "10m",
        keep: "0s",
        more: &[window("5m"), rate("0.1")],
        subject: of(&[Category::Throttling], &[], "SlowDown"),
        by: &["category"],
        condition: more_than_rate,
        texts: [
            Texts {
                summary: "OBS throttles <where>",
                description: "<where> sends requests faster than OBS accepts them: <rate> a second are turned away. \
                    <remedy>",
            },
            Texts {
                summary: "<where>：被 OBS 限流",
                description: "<where> 的请求超过 OBS 允许的速率，每秒有 <rate> 个被拒绝。<remedy>",
            },
        ],
    },
    Alert {
        name: "ObsThrottlingSpike",
        severity: "critical",
        hold: "2m",
        keep: "10m",
        more: &[window("5m"), baseline("1h"), factor("4"), margin("0.05"), count("20")],
        subject: of(&[Category::Throttling], &[], "SlowDown"),
        by: &["category"],
        condition: spike,
        texts: [
            Texts {
                summary: "OBS suddenly throttles <where> much more than before",
                description: "OBS turns away <rate> requests of <where> a second, far more than in the time before. \
                    Look for a new release, a batch job or retries without backoff. <remedy>",
            },
            Texts {
                summary: "<where>：OBS 限流突增",
                description: "<where> 每秒有 <rate> 个请求被 OBS 限流，远高于此前水平。请检查新版本、批处理任务或无退避的重试。<remedy>",
            },
        ],
    },
    Alert {
        name: "ObsCredentialsRejected",
        severity: "critical",
        hold: "5m",
        keep: "0s",
        more: &[window("5m"), count("5")],
        subject: of(&[Category::Credentials], &[], "InvalidAccessKeyId"),
        by: &["code"],
        condition: more_than_count,
        texts: [
            Texts {
                summary: "OBS rejects the credentials of <where> (<code>)",
                description: "OBS refuses requests of <where> with <code>, <count> in the last <window>. <remedy>",
            },
            Texts {
                summary: "<where>：OBS 不接受其凭据（<code>）",
                description: "最近 <window> 内，<where> 有 <count> 个请求被 OBS 以 <code> 拒绝。<remedy>",
            },
        ],
    },
    Alert {
        name: "ObsClockSkew",
        severity: "warning",
        hold: "2m",
        keep: "10m",
        more: &[window("5m"), count("0")],
        subject: of(&[Category::ClockSkew], &[], "RequestTimeTooSkewed"),
        by: &["instance"],
        condition: more_than_count,
        texts: [
            Texts {
                summary: "A clock is wrong: OBS refuses requests of <where>",
                description: "OBS refuses requests of <where>, <count> in the last <window>, because their time \
                    stamps are too far from its own time. <remedy>",
            },
            Texts {
                summary: "<where>：时钟偏差过大，OBS 拒绝请求",
                description: "最近 <window> 内，<where> 有 <count> 个请求因时间戳与 OBS 时间相差过大被拒绝。<remedy>",
            },
        ],
    },
    Alert {
        name: "ObsPermissionDenied",
        severity: "warning",
        hold: "15m",
        keep: "0s",
        more: &[window("5m"), rate("0.05")],
        subject: of(&[Category::Permission], &[], "AccessDenied"),
        by: &["category", "code"],
        condition: more_than_rate,
        texts: [
            Texts {
                summary: "OBS denies <where> access (<code>)",
                description: "OBS denies <rate> requests of <where> a second with <code>. <remedy>",
            },
            Texts {
                summary: "<where>：OBS 拒绝访问（<code>）",
                description: "<where> 每秒有 <rate> 个请求被 OBS 以 <code> 拒绝。<remedy>",
            },
        ],
    },
    Alert {
        name: "ObsEncryptionKeyUnusable",
        severity: "critical",
        hold: "0s",
        keep: "30m",
        more: &[window("10m"), count("0")],
        subject: Some(Subject { codes: Selection::Family("KMS."), lead: "KMS.DisabledException" }),
        by: &[],
        condition: more_than_count,
        texts: [
            Texts {
                summary: "OBS cannot use the encryption key of <where>",
                description: "OBS cannot serve requests of <where>, <count> in the last <window>, because their KMS \
                    key is disabled or not there. <remedy>",
            },
            Texts {
                summary: "<where>：OBS 无法使用加密密钥",
                description: "最近 <window> 内，<where> 有 <count> 个请求因 KMS 密钥被禁用或不存在而失败。<remedy>",
            },
        ],
    },
    Alert {
        name: "ObsStorageFull",
        severity: "critical",
        hold: "0s",
        keep: "30m",
        more: &[window("10m"), count("0")],
        subject: codes(&["InsufficientStorageSpace"]),
        by: &[],
        condition: more_than_count,
        texts: [
            Texts {
                summary: "<where> cannot store anything more in OBS",
                description: "OBS refuses requests of <where>, <count> in the last <window>, because the storage \
                    quota is used up. <remedy>",
            },
            Texts {
                summary: "<where>：OBS 存储空间已用尽",
                description: "最近 <window> 内，<where> 有 <count> 个请求因存储配额用尽被 OBS 拒绝。<remedy>",
            },
        ],
    },
    Alert {
        name: "ObsQuotaExceeded",
        severity: "warning",
        hold: "0s",
        keep: "30m",
        more: &[window("15m"), count("0")],
        subject: of(&[Category::Quota], &["InsufficientStorageSpace"], "TooManyBuckets"),
        by: &["code"],
        condition: more_than_count,
        texts: [
            Texts {
                summary: "<where> has reached a limit of OBS (<code>)",
                description: "OBS refuses requests of <where> with <code>, <count> in the last <window>. <remedy>",
            },
            Texts {
                summary: "<where>：达到 OBS 配额上限（<code>）",
                description: "最近 <window> 内，<where> 有 <count> 个请求被 OBS 以 <code> 拒绝。<remedy>",
            },
        ],
    },
    Alert {
        name: "ObsServerErrors",
        severity: "critical",
        hold: "5m",
        keep: "0s",
        more: &[window("5m"), rate("0.1")],
        subject: of(&[Category::ServerError], &[], "InternalError"),
        by: &["category"],
        condition: more_than_rate,
        texts: [
            Texts {
                summary: "OBS itself fails for <where>",
                description: "<rate> requests of <where> a second end in an error of OBS itself (5xx). <remedy>",
            },
            Texts {
                summary: "<where>：OBS 服务端出错",
                description: "<where> 每秒有 <rate> 个请求因 OBS 自身错误（5xx）失败。<remedy>",
            },
        ],
    },
    Alert {
        name: "ObsNetworkErrors",
        severity: "warning",
        hold: "10m",
        keep: "0s",
        more: &[window("5m"), rate("0.1")],
        subject: of(&[Category::Network], &[], "RequestTimeout"),
        by: &["instance"],
        condition: more_than_rate,
        texts: [
            Texts {
                summary: "Connections of <where> to OBS break or are too slow",
                description: "<rate> requests of <where> a second reach OBS too slowly or only in part. <remedy>",
            },
            Texts {
                summary: "<where>：到 OBS 的连接中断或过慢",
                description: "<where> 每秒有 <rate> 个请求传输过慢或不完整。<remedy>",
            },
        ],
    },
    Alert {
        name: "ObsWrongEndpoint",
        severity: "info",
        hold: "30m",
        keep: "0s",
        more: &[window("30m"), count("10")],
        subject: of(&[Category::Redirect], FOLLOWED, "PermanentRedirect"),
        by: &[],
        condition: more_than_count,
        texts: [
            Texts {
                summary: "<where> asks the wrong endpoint of OBS",
                description: "OBS redirected <count> requests of <where> for good in the last <window>. <remedy>",
            },
            Texts {
                summary: "<where>：使用了错误的 OBS 接入点",
                description: "最近 <window> 内，<where> 有 <count> 个请求被 OBS 永久重定向。<remedy>",
            },
        ],
    },
    Alert {
        name: "ObsClientRequestErrors",
        severity: "warning",
        hold: "15m",
        keep: "0s",
        more: &[window("15m"), count("20")],
        subject: of(&[Category::ClientRequest, Category::Unsupported], &[], "InvalidRequest"),
        by: &["code"],
        condition: more_than_count,
        texts: [
            Texts {
                summary: "<where> sends requests that OBS does not accept (<code>)",
                description: "OBS refuses requests of <where> with <code>, <count> in the last <window>. <remedy>",
            },
            Texts {
                summary: "<where>：发出 OBS 不接受的请求（<code>）",
                description: "最近 <window> 内，<where> 有 <count> 个请求被 OBS 以 <code> 拒绝。<remedy>",
            },
        ],
    },
    Alert {
        name: "ObsBucketMissing",
        severity: "critical",
        hold: "5m",
        keep: "0s",
        more: &[window("5m"), count("5")],
        subject: codes(&["NoSuchBucket", "InvalidBucket"]),
        by: &[],
        condition: more_than_count,
        texts: [
            Texts {
                summary: "<where> uses a bucket that does not exist",
                description: "<count> requests of <where> in the last <window> named a bucket that is not there. \
                    <remedy>",
            },
            Texts {
                summary: "<where>：所用的桶不存在",
                description: "最近 <window> 内，<where> 有 <count> 个请求访问了不存在的桶。<remedy>",
            },
        ],
    },
    Alert {
        name: "ObsNotFoundAnomaly",
        severity: "info",
        hold: "30m",
        keep: "0s",
        more: &[window("10m"), baseline("1d"), factor("3"), margin("0.1")],
        subject: of(&[Category::NotFound], &[], "NoSuchKey"),
        by: &[],
        condition: more_than_before,
        texts: [
            Texts {
                summary: "<where> asks OBS for what is not there, more than usual",
                description: "<rate> requests of <where> a second ask for something that OBS does not have, far \
                    more than in the time before. <remedy>",
            },
            Texts {
                summary: "<where>：请求不存在的资源明显增多",
                description: "<where> 每秒有 <rate> 个请求访问 OBS 中不存在的资源，远高于此前水平。<remedy>",
            },
        ],
    },
    Alert {
        name: "ObsConflicts",
        severity: "info",
        hold: "20m",
        keep: "0s",
        more: &[window("10m"), rate("0.1")],
        subject: of(&[Category::Conflict], DONE_ALREADY, "OperationAborted"),
        by: &[],
        condition: more_than_rate,
        texts: [
            Texts {
                summary: "Requests of <where> conflict with each other or with the state of OBS",
                description: "<rate> requests of <where> a second are refused because of a conflict; codes that say \
                    that the work is done already are not among them. <remedy>",
            },
            Texts {
                summary: "<where>：请求发生冲突",
                description: "<where> 每秒有 <rate> 个请求因冲突被 OBS 拒绝（不含表示“已完成”的错误码）。<remedy>",
            },
        ],
    },
];
