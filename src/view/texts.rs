//! What the page says, in both languages. `{n}` stands for a number, `{b}` for a number of bytes, `{t}` for
//! a time, `{code}` for a code.

use super::{FileState, Lang, Severity, WarningKind};
use crate::catalogue::{Category, Owner, Retryable};

macro_rules! words {
    ($($(#[$about:meta])* $name:ident: $en:literal, $zh:literal;)+) => {
        /// The words of a language.
        #[derive(Debug)]
        pub struct Words { $($(#[$about])* pub $name: &'static str,)+ }

        static EN: Words = Words { $($name: $en,)+ };
        static ZH: Words = Words { $($name: $zh,)+ };

        impl Words {
            #[cfg(test)]
            fn all(&self) -> Vec<(&'static str, &'static str)> {
                vec![$((stringify!($name), self.$name),)+]
            }
        }
    };
}

words! {
    title: "OBS errors", "OBS 错误";
    colon: ": ", "：";
    comma: ", ", "，";
    tagline: "What the logs tell of error responses of Huawei Cloud OBS", "日志中的华为云 OBS 错误响应";
    skip: "Skip to the errors by code", "跳到错误码列表";
    other_language: "中文", "English";
    language: "Language", "语言";
    live: "Live", "实时";
    snapshot: "As of", "截至";
    stale: "No answer from the exporter since {t}. What stands here may be out of date.", "自 {t} 起没有收到导出器的响应，以下内容可能已过时。";
    calm: "No OBS errors in the last 15 minutes", "最近 15 分钟没有 OBS 错误";
    one: "1 OBS error in the last 15 minutes", "最近 15 分钟有 1 个 OBS 错误";
    many: "{n} OBS errors in the last 15 minutes", "最近 15 分钟有 {n} 个 OBS 错误";
    unsure: "No OBS errors seen, but not all logs are being read", "没有发现 OBS 错误，但并非所有日志都已读取";
    none_yet: "None has been counted yet.", "尚未统计到任何错误。";
    newest: "The newest was {code}, {t}.", "最近一次是 {code}，{t}。";
    most_urgent: "Most urgent", "最紧急";
    what_to_do: "What to do", "处理建议";
    categories: "Now, by category", "当前情况（按类别）";
    categories_about: "The last 15 minutes, newest first. The bars are the minutes of the last hour.", "最近 15 分钟，最新的在前；柱状图为最近一小时，每分钟一柱。";
    codes: "By code", "按错误码";
    codes_about: "What is happening now stands first.", "正在发生的排在前面。";
    code: "Code", "错误码";
    recent: "15 min", "15 分钟";
    last_hour: "Last hour", "最近一小时";
    total: "Total", "累计";
    last_seen: "Last seen", "最近出现";
    unknown_time: "not known", "未知";
    owner: "Owner", "负责方";
    retry: "Retry", "重试";
    no_errors: "No errors have been counted.", "没有统计到错误。";
    reports: "Last errors", "最近的错误";
    reports_about: "Give the request id to Huawei Cloud support. Ids are kept in memory only: after a restart of the exporter this list is empty, the counters are not.", "联系华为云技术支持时请提供请求 ID。请求 ID 只保存在内存中：导出器重启后此列表为空，计数不受影响。";
    time: "Time", "时间";
    request_id: "Request id", "请求 ID";
    no_request_id: "none in the log", "日志中没有";
    copy: "Copy", "复制";
    copied: "Copied", "已复制";
    source: "Log", "日志";
    no_reports: "None since the exporter was started.", "导出器启动以来没有错误。";
    more_reports: "The last 256 are at", "最近 256 条见";
    files: "Log files", "日志文件";
    files_about: "{n} files, {b} not read yet.", "共 {n} 个文件，{b} 尚未读取。";
    file: "File", "文件";
    state: "State", "状态";
    read: "Read", "已读";
    lag: "Not read yet", "未读";
    no_files: "No file is tailed.", "没有正在跟踪的文件。";
    more_files: "{n} more are not listed here; those that fail or lag stand first.", "另有 {n} 个文件未列出；读取失败或落后的排在前面。";
    exporter: "This exporter", "本导出器";
    version: "Version", "版本";
    started: "Started", "启动时间";
    state_file: "State", "状态文件";
    durable: "on disk", "已落盘";
    not_durable: "not on disk", "未落盘";
    last_commit: "last written", "上次写入";
    watch: "Changes are noticed by", "变更感知方式";
    notify: "the kernel, and a poll behind it", "内核通知，辅以轮询";
    poll: "a poll", "轮询";
    lines: "Lines read", "已读行数";
    bytes: "Bytes read", "已读字节";
    duplicates: "Reports of a response counted before", "重复报告（不再计数）";
    lost: "Bytes lost unread", "未读即丢失的字节";
    nothing: "none", "无";
    inputs: "Logs looked for at", "日志路径";
    links: "More", "更多";
    metrics: "Metrics", "指标";
    api_status: "Status as JSON", "状态（JSON）";
    api_errors: "Last errors as JSON", "最近的错误（JSON）";
    api_codes: "All codes as JSON", "全部错误码（JSON）";
    healthy: "Health", "健康检查";
    ready: "Readiness", "就绪检查";
    not_listed: "This code is not in the catalogue.", "错误码表中没有这个错误码。";
    not_listed_do: "Ask Huawei Cloud support with the request id; name the code under \"codes\" in the configuration.", "请凭请求 ID 咨询华为云技术支持，并在配置的 codes 中登记该错误码。";
    no_code: "The log tells only the status of these responses.", "日志只给出了这些响应的状态码。";
    no_code_do: "Raise the log level of the client so that it prints the code, or look the request id up.", "提高客户端日志级别以打印错误码，或凭请求 ID 查询。";
}

/// The words of a language.
pub fn words(lang: Lang) -> &'static Words {
    match lang {
        Lang::En => &EN,
        Lang::Zh => &ZH,
    }
}

/// One of two.
const fn say(lang: Lang, en: &'static str, zh: &'static str) -> &'static str {
    match lang {
        Lang::En => en,
        Lang::Zh => zh,
    }
}

/// The name of a category.
pub const fn category(category: Category, lang: Lang) -> &'static str {
    let (en, zh) = match category {
        Category::Account => ("Account", "账户"),
        Category::ServerError => ("OBS itself", "OBS 服务端"),
        Category::Throttling => ("Throttling", "限流"),
        Category::Credentials => ("Credentials", "凭证"),
        Category::ClockSkew => ("Clock skew", "时钟偏差"),
        Category::Encryption => ("Encryption", "加密"),
        Category::Quota => ("Quota", "配额"),
        Category::Permission => ("Permission", "权限"),
        Category::Network => ("Network", "网络"),
        Category::NotFound => ("Not found", "不存在"),
        Category::Conflict => ("Conflict", "冲突"),
        Category::ClientRequest => ("Request", "请求有误"),
        Category::Unsupported => ("Unsupported", "不支持"),
        Category::Redirect => ("Redirect", "重定向"),
        Category::Unknown => ("Unknown", "未知"),
    };
    say(lang, en, zh)
}

/// Who puts an error right.
pub const fn owner(owner: Owner, lang: Lang) -> &'static str {
    let (en, zh) = match owner {
        Owner::App => ("app team", "应用团队"),
        Owner::Platform => ("platform team", "平台团队"),
        Owner::Security => ("security team", "安全团队"),
        Owner::Finance => ("finance", "财务"),
        Owner::Vendor => ("Huawei Cloud", "华为云"),
        Owner::None => ("nobody, it passes", "无需处理"),
    };
    say(lang, en, zh)
}

/// Whether to try again.
pub const fn retryable(retryable: Retryable, lang: Lang) -> &'static str {
    let (en, zh) = match retryable {
        Retryable::Yes => ("yes, with a pause", "可以，需间隔"),
        Retryable::No => ("no use", "无用"),
        Retryable::Conditional => ("depends on the cause", "视原因而定"),
    };
    say(lang, en, zh)
}

/// How urgent something is.
pub const fn severity(severity: Severity, lang: Lang) -> &'static str {
    let (en, zh) = match severity {
        Severity::Critical => ("Critical", "严重"),
        Severity::Warning => ("Warning", "警告"),
        Severity::Info => ("Info", "提示"),
    };
    say(lang, en, zh)
}

/// How a file is.
pub const fn file_state(state: FileState, lang: Lang) -> &'static str {
    let (en, zh) = match state {
        FileState::Live => ("live", "跟踪中"),
        FileState::Rotated => ("rotated", "已轮转"),
        FileState::Waiting => ("waiting", "等待中"),
        FileState::Failing => ("cannot be read", "无法读取"),
    };
    say(lang, en, zh)
}

/// What is wrong with the daemon or its logs, and what to do.
pub const fn warning(kind: WarningKind, lang: Lang) -> &'static str {
    let (en, zh) = match kind {
        WarningKind::NoFiles => (
            "No log file matches: nothing can be counted. Check the paths of the inputs.",
            "没有匹配的日志文件，无法统计。请检查输入路径。",
        ),
        WarningKind::NotReady => (
            "Still reading what was there at the start: counts are not complete yet.",
            "仍在读取启动时已有的日志，计数尚不完整。",
        ),
        WarningKind::FilesFailing => (
            "Log files that cannot be read: {n}. See their state below; the exporter's own log says why.",
            "有 {n} 个日志文件无法读取，状态见下文，原因见导出器自身的日志。",
        ),
        WarningKind::Behind => (
            "Logs are not read to their ends yet: {b} are to be read. Counts are late.",
            "日志尚未读到末尾：还有 {b} 待读取，计数会滞后。",
        ),
        WarningKind::StateFailing => (
            "The state cannot be written: counting goes on, but a restart would lose or double counts. Check the disk.",
            "状态无法写入磁盘：计数仍在继续，但重启会导致计数丢失或重复。请检查磁盘。",
        ),
        WarningKind::NoState => (
            "No state is kept: counters begin at 0 after each start. Name a folder with --state.path.",
            "未保存状态：每次启动后计数都从 0 开始。请用 --state.path 指定目录。",
        ),
    };
    say(lang, en, zh)
}

/// All kinds of [`warning`].
pub const WARNINGS: [(WarningKind, &str); 6] = [
    (WarningKind::NoFiles, "no_files"),
    (WarningKind::NotReady, "not_ready"),
    (WarningKind::FilesFailing, "files_failing"),
    (WarningKind::Behind, "behind"),
    (WarningKind::StateFailing, "state_failing"),
    (WarningKind::NoState, "no_state"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_have_every_word_and_the_same_places_to_fill_in() {
        for ((name, en), (_, zh)) in EN.all().into_iter().zip(ZH.all()) {
            for text in [en, zh] {
                assert!(!text.trim().is_empty() && !text.contains('<'), "{name}");
            }
            assert!(en != zh && (en.is_ascii() || name == "other_language"), "{name}: {en}");
            for place in ["{n}", "{t}", "{b}", "{code}"] {
                assert_eq!(en.contains(place), zh.contains(place), "{name} {place}");
            }
        }
        for (kind, _) in WARNINGS {
            for place in ["{n}", "{b}"] {
                assert_eq!(warning(kind, Lang::En).contains(place), warning(kind, Lang::Zh).contains(place));
            }
        }
    }

    #[test]
    fn warnings_have_the_names_of_the_api() {
        for (kind, name) in WARNINGS {
            assert_eq!(serde_json::to_value(kind).ok(), Some(serde_json::Value::from(name)));
        }
    }
}
