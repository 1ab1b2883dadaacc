//! The dashboard as Grafana imports it.

use super::panels::{PANELS, Panel, REMEDY, View};
use crate::catalogue::{Catalogue, Lang};
use serde_json::{Value, json};

/// Columns of the page.
const COLUMNS: u64 = 24;
/// The height of numbers and of everything else, in steps of the page.
const HEIGHTS: (u64, u64) = (5, 8);
/// The version of the format.
const SCHEMA: u64 = 39;

/// The dashboard, with remedies of these codes and links to runbooks below this address.
#[must_use]
pub fn render(catalogue: &Catalogue, runbooks: &str) -> String {
    let dashboard = json!({
        "uid": "obs-error-exporter",
        "title": "Huawei Cloud OBS errors",
        "description": "Errors that OBS answers, found in the logs of the services that call it.",
        "tags": ["obs", "obs-error-exporter"],
        "schemaVersion": SCHEMA,
        "version": 1,
        "editable": true,
        "graphTooltip": 1,
        "refresh": "1m",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "browser",
        "templating": {"list": variables(runbooks)},
        "annotations": {"list": [annotation()]},
        "links": [link("Runbooks", "${runbooks}")],
        "panels": panels(catalogue),
    });
    format!("{dashboard:#}\n")
}

fn variables(runbooks: &str) -> Value {
    let label = |name: &str, label: &str, query: &str| {
        json!({
            "type": "query",
            "name": name,
            "label": label,
            "datasource": source(),
            "definition": query,
            "query": query,
            "refresh": 2,
            "sort": 1,
            "multi": true,
            "includeAll": true,
            // a series without the label is chosen too
            "allValue": ".*",
            "current": {"selected": true, "text": "All", "value": "$__all"},
        })
    };
    json!([
        {"type": "datasource", "name": "datasource", "label": "Data source", "query": "prometheus",
         "current": {"selected": false, "text": "", "value": ""}},
        label("job", "Job", "label_values(obs_error_exporter_build_info, job)"),
        label("namespace", "Namespace", "label_values(huaweicloud_obs_errors_total{job=~\"$job\"}, namespace)"),
        label("pod", "Pod", "label_values(huaweicloud_obs_errors_total{job=~\"$job\",namespace=~\"$namespace\"}, pod)"),
        {"type": "textbox", "name": "runbooks", "label": "Runbooks at", "query": runbooks,
         "current": {"selected": true, "text": runbooks, "value": runbooks}},
    ])
}

fn annotation() -> Value {
    json!({
        "name": "Alerts",
        "enable": true,
        "iconColor": "red",
        "datasource": source(),
        "expr": "ALERTS{alertname=~\"Obs.+\",alertstate=\"firing\"}",
        "step": "60s",
        "titleFormat": "{{alertname}}",
        "textFormat": "{{severity}} {{job}} {{namespace}} {{code}} {{instance}}",
        "tagKeys": "severity,owner",
    })
}

fn source() -> Value {
    json!({"type": "prometheus", "uid": "${datasource}"})
}

fn link(title: &str, url: &str) -> Value {
    json!({
        "title": title, "type": "link", "url": url, "icon": "doc", "tooltip": "", "tags": [], "asDropdown": false,
        "targetBlank": true, "includeVars": false, "keepTime": false,
    })
}

/// Rows and panels with their places; numbers in order, so that a panel keeps its own while none is put before it.
fn panels(catalogue: &Catalogue) -> Vec<Value> {
    let mut all = Vec::new();
    let mut y = 0;
    for row in PANELS {
        let place = json!({"x": 0, "y": y, "w": COLUMNS, "h": 1});
        all.push(json!({
            "type": "row", "title": row.title, "id": all.len() + 1, "collapsed": false, "panels": [], "gridPos": place,
        }));
        let (mut x, mut tallest) = (0, 0);
        y += 1;
        for panel in row.panels {
            if x + panel.width > COLUMNS {
                (x, y, tallest) = (0, y + tallest, 0);
            }
            let numbers = matches!(panel.view, View::Number | View::Switch);
            let height = if numbers { HEIGHTS.0 } else { HEIGHTS.1 };
            let place = json!({"x": x, "y": y, "w": panel.width, "h": height});
            all.push(self::panel(panel, all.len() + 1, &place, catalogue));
            (x, tallest) = (x + panel.width, tallest.max(height));
        }
        y += tallest;
    }
    all
}

fn panel(panel: &Panel, id: usize, place: &Value, catalogue: &Catalogue) -> Value {
    let links = panel.runbook.map(|alert| link("Runbook", &format!("${{runbooks}}/{alert}.md")));
    let table = matches!(panel.view, View::Alerts | View::Codes);
    // of all time only where that is what is asked for
    let instant = table || matches!(panel.view, View::Bad | View::Number | View::Switch);
    let targets = panel.queries.iter().zip('A'..).map(|(query, name)| {
        json!({
            "refId": name.to_string(),
            "datasource": source(),
            "expr": (query.expr)(),
            "legendFormat": query.legend,
            "instant": instant,
            "range": !instant,
            "format": if table { "table" } else { "time_series" },
        })
    });
    json!({
        "id": id,
        "type": kind(panel.view),
        "title": panel.title,
        "description": panel.about,
        "datasource": source(),
        "gridPos": place,
        "links": links.into_iter().collect::<Vec<_>>(),
        "targets": targets.collect::<Vec<_>>(),
        "fieldConfig": {"defaults": defaults(panel, catalogue), "overrides": []},
        "options": options(panel.view),
        "transformations": transformations(panel.view),
    })
}

const fn kind(view: View) -> &'static str {
    match view {
        View::Bad | View::Number | View::Switch => "stat",
        View::Lines | View::Bars => "timeseries",
        View::Alerts | View::Codes => "table",
    }
}

fn defaults(panel: &Panel, catalogue: &Catalogue) -> Value {
    let steps = match panel.view {
        View::Bad => json!([{"value": null, "color": "green"}, {"value": 0.001, "color": "red"}]),
        View::Switch => json!([{"value": null, "color": "red"}, {"value": 1, "color": "green"}]),
        _ => json!([{"value": null, "color": "blue"}]),
    };
    let drawn = match panel.view {
        View::Bars => json!({"drawStyle": "bars", "fillOpacity": 80, "stacking": {"mode": "normal", "group": "A"}}),
        View::Lines => json!({"drawStyle": "line", "fillOpacity": 10}),
        _ => json!({}),
    };
    let colour = if kind(panel.view) == "timeseries" { "palette-classic-by-name" } else { "thresholds" };
    // from a number to the page of the exporter that has it, where a query tells of one; from an alert to its runbook
    let told = panel.queries.iter().any(|query| query.legend.contains("{{instance}}"));
    let links = match panel.view {
        View::Alerts => vec![link("Runbook", "${runbooks}/${__data.fields.Alert}.md")],
        _ if told => vec![link("Status page", "http://${__field.labels.instance}/")],
        _ => Vec::new(),
    };
    let mut defaults = json!({
        "unit": panel.unit,
        "noValue": panel.nothing,
        "color": {"mode": colour},
        "thresholds": {"mode": "absolute", "steps": steps},
        "min": 0,
        "links": links,
        "mappings": mappings(panel.view, catalogue),
        "custom": drawn,
    });
    if panel.view == View::Codes {
        defaults["decimals"] = json!(0); // increases are about right
    }
    defaults
}

/// What is shown instead of a value: a column of the table of codes holds names of remedies.
fn mappings(view: View, catalogue: &Catalogue) -> Value {
    match view {
        View::Switch => {
            json!([{"type": "value", "options": {"0": {"text": "no", "index": 0}, "1": {"text": "yes", "index": 1}}}])
        }
        View::Codes => {
            let told = catalogue.entries().iter().filter(|entry| !entry.remedy(Lang::En).is_empty());
            let remedies: serde_json::Map<_, _> = told
                .zip(0..)
                .map(|(entry, at)| {
                    (format!("{REMEDY}{}", entry.code), json!({"text": entry.remedy(Lang::En), "index": at}))
                })
                .collect();
            // of a code that is not in the catalogue
            let others = json!({"pattern": format!("^{REMEDY}.*"), "result": {"text": "not in the catalogue; name it under codes in the configuration", "index": 0}});
            json!([{"type": "value", "options": remedies}, {"type": "regex", "options": others}])
        }
        _ => json!([]),
    }
}

fn options(view: View) -> Value {
    match kind(view) {
        "stat" => json!({
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": false},
            "colorMode": "background", "graphMode": "none", "textMode": "value_and_name",
        }),
        "timeseries" => json!({
            "legend": {"displayMode": "table", "placement": "right", "showLegend": true, "calcs": ["lastNotNull", "max"]},
            "tooltip": {"mode": "multi", "sort": "desc"},
        }),
        _ => json!({"showHeader": true, "footer": {"show": false}}),
    }
}

/// Which columns tables have, in which order, under which names.
fn transformations(view: View) -> Value {
    let columns: &[(&str, &str)] = match view {
        View::Codes => &[
            ("code", "Code"),
            ("status", "Status"),
            ("Value", "Responses"),
            ("category", "Category"),
            ("owner", "Owner"),
            ("retryable", "Retryable"),
            ("remedy", "What to do"),
        ],
        View::Alerts => &[
            ("alertname", "Alert"),
            ("severity", "Severity"),
            ("owner", "Owner"),
            ("job", "Job"),
            ("namespace", "Namespace"),
            ("code", "Code"),
            ("instance", "Instance"),
        ],
        _ => return json!([]),
    };
    let names: serde_json::Map<_, _> = columns.iter().map(|(from, to)| ((*from).to_owned(), json!(to))).collect();
    let order: serde_json::Map<_, _> =
        columns.iter().zip(0..).map(|((from, _), at)| ((*from).to_owned(), json!(at))).collect();
    let wanted: Vec<_> = columns.iter().map(|(from, _)| from).collect();
    json!([
        {"id": "filterFieldsByName", "options": {"include": {"names": wanted}}},
        {"id": "organize", "options": {"renameByName": names, "indexByName": order, "excludeByName": {}}},
    ])
}
