//! The alerts about the exporter itself: whoever trusts its silence has to know that it works.

use super::Scope;
use super::alert::{Alert, Texts};
use super::obs::{count, window};
use super::parameters::{Parameter, Unit};
use crate::tally::metrics;

const SEEN: Parameter = Parameter {
    name: "window",
    unit: Unit::Range,
    default: "1d",
    about: "a target that was an exporter in this time is one",
};

const BYTES: Parameter =
    Parameter { name: "bytes", unit: Unit::Bytes, default: "10000000", about: "fires above so many unread bytes" };

fn down(scope: &Scope) -> String {
    let (of_job, any) = (scope.up(), scope.own_named("up"));
    let seen = scope.own(&metrics::BUILD_INFO);
    format!("{of_job} == 0\nor\n{any} == 0 and on (job, instance) last_over_time({seen}[{}])", scope.value("window"))
}

fn absent(scope: &Scope) -> String {
    format!("absent({})", scope.own(&metrics::BUILD_INFO))
}

fn no_files(scope: &Scope) -> String {
    format!("{} == 0", scope.own(&metrics::FILES))
}

fn lagging(scope: &Scope) -> String {
    let unread = scope.own(&metrics::UNREAD_BYTES);
    format!("{unread} > {}\nand\ndelta({unread}[{}]) > 0", scope.value("bytes"), scope.value("window"))
}

fn losing_data(scope: &Scope) -> String {
    more_than_count(scope, &metrics::LOST_BYTES)
}

fn state_failing(scope: &Scope) -> String {
    more_than_count(scope, &metrics::COMMIT_FAILURES)
}

fn unlisted(scope: &Scope) -> String {
    more_than_count(scope, &metrics::UNLISTED)
}

fn more_than_count(scope: &Scope, metric: &metrics::Metric) -> String {
    format!("increase({}[{}]) > {}", scope.own(metric), scope.value("window"), scope.value("count"))
}

fn silent(scope: &Scope) -> String {
    let (files, lines) = (scope.own(&metrics::FILES), scope.own(&metrics::READ_LINES));
    format!("{files} > 0\nand\nincrease({lines}[{}]) == 0", scope.value("window"))
}

fn reload_failed(scope: &Scope) -> String {
    format!("{} == 0", scope.own(&metrics::CONFIG_RELOADED))
}

pub(super) static ALERTS: &[Alert] = &[
    Alert {
        name: "ObsExporterDown",
        severity: "warning",
        hold: "5m",
        keep: "0s",
        more: &[SEEN],
        subject: None,
        by: &["instance"],
        condition: down,
        texts: [
            Texts {
                summary: "Exporter <where> cannot be scraped",
                description: "Prometheus cannot scrape <where>, so new OBS errors there are not seen. Look whether \
                    it runs, what it last wrote to its log, and whether its port can be reached. It goes on \
                    counting where it stood.",
            },
            Texts {
                summary: "导出器 <where> 无法被抓取",
                description: "Prometheus 抓取不到 <where>，其上新的 OBS 错误不会被发现。请检查它是否在运行、最后的日志，以及端口是否可达。恢复后会从中断处继续计数。",
            },
        ],
    },
    Alert {
        name: "ObsExporterAbsent",
        severity: "critical",
        hold: "15m",
        keep: "0s",
        more: &[],
        subject: None,
        by: &[],
        condition: absent,
        texts: [
            Texts {
                summary: "No OBS error exporter is scraped",
                description: "Prometheus has no metrics of any OBS error exporter: no OBS error can alert. Look \
                    whether one runs, and whether the scrape configuration finds it.",
            },
            Texts {
                summary: "没有任何 OBS 错误导出器被抓取",
                description: "Prometheus 中没有任何 OBS 错误导出器的指标，OBS 错误无法告警。请检查导出器是否在运行，以及抓取配置能否发现它。",
            },
        ],
    },
    Alert {
        name: "ObsExporterNoFiles",
        severity: "warning",
        hold: "10m",
        keep: "0s",
        more: &[],
        subject: None,
        by: &["instance"],
        condition: no_files,
        texts: [
            Texts {
                summary: "Exporter <where> reads no log",
                description: "No file matches the paths of <where>, so it sees no OBS error. Compare the paths of \
                    its configuration with the folders that are mounted, and with what its user may read.",
            },
            Texts {
                summary: "导出器 <where> 没有读取任何日志",
                description: "没有文件匹配 <where> 的路径，它看不到任何 OBS 错误。请核对配置中的路径、挂载的目录和运行用户的读取权限。",
            },
        ],
    },
    Alert {
        name: "ObsExporterLagging",
        severity: "warning",
        hold: "10m",
        keep: "0s",
        more: &[window("10m"), BYTES],
        subject: None,
        by: &["instance"],
        condition: lagging,
        texts: [
            Texts {
                summary: "Exporter <where> falls behind the logs",
                description: "<bytes> of logs are not read yet by <where>, and it gets more: OBS errors are seen \
                    late. Give it more CPU, or spread the logs over several exporters.",
            },
            Texts {
                summary: "导出器 <where> 读取日志落后",
                description: "<where> 还有 <bytes> 日志未读，且在增加，OBS 错误会延迟发现。请增加 CPU，或由多个导出器分担日志。",
            },
        ],
    },
    Alert {
        name: "ObsExporterLosingData",
        severity: "warning",
        hold: "0s",
        keep: "30m",
        more: &[window("5m"), count("0")],
        subject: None,
        by: &["instance", "reason"],
        condition: losing_data,
        texts: [
            Texts {
                summary: "Exporter <where> loses log data unread (<reason>)",
                description: "<bytes> of logs were lost unread by <where> in the last <window> (reason: <reason>); \
                    OBS errors in them are not counted. The runbook says what to do for each reason.",
            },
            Texts {
                summary: "导出器 <where> 有日志未读即丢失（<reason>）",
                description: "最近 <window> 内，<where> 有 <bytes> 日志未读即丢失（原因：<reason>），其中的 OBS 错误未计入。各原因的处理方法见手册。",
            },
        ],
    },
    Alert {
        name: "ObsExporterStateFailing",
        severity: "warning",
        hold: "5m",
        keep: "0s",
        more: &[window("10m"), count("0")],
        subject: None,
        by: &["instance"],
        condition: state_failing,
        texts: [
            Texts {
                summary: "Exporter <where> cannot write its state",
                description: "<where> cannot write its positions and counters to disk; <count> writes failed in the \
                    last <window>. It goes on counting, but a restart now would count again or go back. Look for a \
                    full or read-only disk.",
            },
            Texts {
                summary: "导出器 <where> 无法写入状态",
                description: "最近 <window> 内，<where> 有 <count> 次未能把读取位置和计数写入磁盘。计数仍在继续，但此时重启会重复计数或回退。请检查磁盘是否已满或只读。",
            },
        ],
    },
    Alert {
        name: "ObsExporterLogSilent",
        severity: "info",
        hold: "30m",
        keep: "0s",
        more: &[window("30m")],
        subject: None,
        by: &["instance"],
        condition: silent,
        texts: [
            Texts {
                summary: "Exporter <where> reads no new lines",
                description: "<where> has logs but read no new line in the last <window>. Either the services there \
                    are idle, or they write elsewhere: look at the newest files in the folders of the logs.",
            },
            Texts {
                summary: "导出器 <where> 没有读到新的日志行",
                description: "<where> 有日志文件，但最近 <window> 内没有新行。可能是服务空闲，也可能日志写到了别处，请查看日志目录中最新的文件。",
            },
        ],
    },
    Alert {
        name: "ObsExporterUnlistedCodes",
        severity: "info",
        hold: "0s",
        keep: "1h",
        more: &[window("1h"), count("0")],
        subject: None,
        by: &["instance"],
        condition: unlisted,
        texts: [
            Texts {
                summary: "Exporter <where> saw error codes that it does not know",
                description: "<where> counted responses whose code is not in its catalogue, <count> in the last \
                    <window>. They count in the category of their status. Name the codes in the configuration, \
                    under codes.",
            },
            Texts {
                summary: "导出器 <where> 遇到未收录的错误码",
                description: "最近 <window> 内，<where> 计入了 <count> 个错误码不在目录中的响应，按状态码归类。请在配置的 codes 中补充这些错误码。",
            },
        ],
    },
    Alert {
        name: "ObsExporterReloadFailed",
        severity: "warning",
        hold: "10m",
        keep: "0s",
        more: &[],
        subject: None,
        by: &["instance"],
        condition: reload_failed,
        texts: [
            Texts {
                summary: "Exporter <where> has refused its new configuration",
                description: "The last configuration that <where> was told to take up is wrong; it goes on with the \
                    one before, and would not start anew. Its log names file, line and reason.",
            },
            Texts {
                summary: "导出器 <where> 拒绝了新的配置",
                description: "<where> 最近一次加载的配置有误，仍按旧配置运行，重启将失败。其日志给出了文件、行号和原因。",
            },
        ],
    },
];
