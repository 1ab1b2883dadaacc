//! What a scan says, in both languages.

use crate::app::scan::{Report, Row};
use crate::catalogue::{Category, Lang};
use crate::cli::terminal::{many, size};

/// The heads of the columns.
pub struct Heads {
    pub count: &'static str,
    pub code: &'static str,
    pub status: &'static str,
    pub category: &'static str,
    pub first: &'static str,
    pub last: &'static str,
    pub over_time: &'static str,
    pub request_ids: &'static str,
    pub remedy: &'static str,
}

pub const fn heads(lang: Lang) -> Heads {
    match lang {
        Lang::En => Heads {
            count: "COUNT",
            code: "CODE",
            status: "STATUS",
            category: "CATEGORY",
            first: "FIRST",
            last: "LAST",
            over_time: "OVER TIME",
            request_ids: "REQUEST IDS",
            remedy: "WHAT TO DO",
        },
        Lang::Zh => Heads {
            count: "次数",
            code: "错误码",
            status: "状态码",
            category: "类别",
            first: "首次",
            last: "末次",
            over_time: "时间分布",
            request_ids: "请求 ID",
            remedy: "处理",
        },
    }
}

/// What a category means for the service.
pub const fn category(category: Category, lang: Lang) -> &'static str {
    let (en, zh) = match category {
        Category::Account => ("nothing works until the account is settled", "账户：结清或解冻之前全部不可用"),
        Category::ServerError => ("OBS itself fails", "服务端错误：OBS 自身故障"),
        Category::Throttling => ("too many requests", "限流：请求过多"),
        Category::Credentials => ("the key, signature or token is not accepted", "凭证：密钥、签名或令牌不被接受"),
        Category::ClockSkew => ("the clock of the client is wrong", "时钟偏差：客户端时间不对"),
        Category::Encryption => ("a key for encryption cannot be used", "加密：加密密钥不可用"),
        Category::Quota => ("a limit of storage or number is reached", "配额：容量或数量达到上限"),
        Category::Permission => ("the key is good, the permission is missing", "权限：凭证有效，但没有权限"),
        Category::Network => ("the connection broke or was too slow", "网络：连接中断或过慢"),
        Category::NotFound => ("what was asked for is not there", "不存在：请求的资源不存在"),
        Category::Conflict => ("the state of the bucket or object forbids it", "冲突：桶或对象的状态不允许"),
        Category::ClientRequest => ("the request is wrong", "请求有误：请求本身不正确"),
        Category::Unsupported => ("OBS does not offer it", "不支持：OBS 不提供该功能"),
        Category::Redirect => ("another address is the right one", "重定向：应使用其他地址"),
        Category::Unknown => ("neither code nor status says", "未知：错误码和状态码都没有说明"),
    };
    match lang {
        Lang::En => en,
        Lang::Zh => zh,
    }
}

/// What the code of a row means, and what to do: of the catalogue, or why there is nothing.
pub fn advice(row: &Row, lang: Lang) -> (&'static str, &'static str) {
    if let Some(entry) = row.entry {
        return (entry.meaning(lang), entry.remedy(lang));
    }
    match (row.code.as_str(), lang) {
        ("none", Lang::En) => (
            "The logs tell the status only.",
            "Let the client log more to see the code, or ask Huawei Cloud with a request id.",
        ),
        ("none", Lang::Zh) => ("日志中只有状态码。", "调高客户端日志级别以获得错误码，或凭请求 ID 咨询华为云。"),
        (_, Lang::En) => (
            "The catalogue does not know this code.",
            "Look it up in the documents of OBS, or ask Huawei Cloud with a request id.",
        ),
        (_, Lang::Zh) => ("目录中没有该错误码。", "查阅 OBS 文档，或凭请求 ID 咨询华为云。"),
    }
}

/// What stands between sentences.
pub const fn gap(lang: Lang) -> &'static str {
    match lang {
        Lang::En => " ",
        Lang::Zh => "",
    }
}

/// Who can put it right, and whether to try again.
pub fn owner(row: &Row, lang: Lang) -> String {
    let Some(entry) = row.entry else { return String::new() };
    match lang {
        Lang::En => format!("(owner: {}; retryable: {})", entry.owner, entry.retryable),
        Lang::Zh => format!("（责任方 {}，可重试 {}）", entry.owner, entry.retryable),
    }
}

/// What stands before request ids.
pub const fn ids_label(lang: Lang) -> &'static str {
    match lang {
        Lang::En => "request ids: ",
        Lang::Zh => "请求 ID：",
    }
}

/// What was read, and what it came to; a line each.
pub fn summary(report: &Report, cut: u64, lang: Lang) -> Vec<String> {
    let Report { errors, files, lines, bytes, duplicates, left_out, timeless, .. } = report;
    let total: u64 = errors.iter().map(|row| row.count).sum::<u64>() + cut;
    let size = size(*bytes);
    let mut said = vec![match lang {
        Lang::En => format!(
            "{} in {}, {}, {size}.",
            many(total, "OBS error response"),
            many(*files, "file"),
            many(*lines, "line"),
        ),
        Lang::Zh => format!("{files} 个文件、{lines} 行、{size} 中有 {total} 个 OBS 错误响应。"),
    }];
    let mut say = |when: bool, en: String, zh: String| {
        if when {
            said.push(if lang == Lang::En { en } else { zh });
        }
    };
    if let Some(span) = report.span {
        let (first, last) = (report.shown(span.first), report.shown(span.last));
        let en = if report.zone.is_some() { "as in the logs, which name no zone" } else { "UTC" };
        let zh = if report.zone.is_some() { "日志时间（未注明时区）" } else { "UTC 时间" };
        say(true, format!("From {first} to {last} ({en})."), format!("{zh} {first} 至 {last}。"));
    }
    say(
        *duplicates > 0,
        format!("{} told of the same ones and did not count.", many(*duplicates, "further report")),
        format!("另有 {duplicates} 条日志是同一响应的重复记录，未计数。"),
    );
    say(
        *timeless > 0,
        format!("{} without a time stamp in the logs.", many(*timeless, "response")),
        format!("其中 {timeless} 个在日志中没有时间。"),
    );
    say(
        cut > 0,
        format!("{} of less frequent codes not shown (--top).", many(cut, "response")),
        format!("另有 {cut} 个响应属于次数较少的错误码，未显示（--top）。"),
    );
    say(
        *left_out > 0,
        format!("{} not asked for (--since, --until, --code, --category).", many(*left_out, "further response")),
        format!("另有 {left_out} 个响应不在所选范围内（--since、--until、--code、--category）。"),
    );
    say(
        *files > 0 && *bytes == 0,
        "There was nothing to read: did what writes it fail?".to_owned(),
        "没有可读的内容：产生日志的命令是否失败？".to_owned(),
    );
    say(
        total == 0 && *left_out == 0 && *lines > 0,
        "`obs-error-exporter explain --line` says for each line of a log why.".to_owned(),
        "`obs-error-exporter explain --line` 会逐行说明原因。".to_owned(),
    );
    said
}
