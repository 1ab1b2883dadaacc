//! Labels that the path of a log tells.

use crate::tally::LabelSet;
use regex::Regex;
use std::path::Path;

/// Paths of container logs as kubelet lays them out: `/var/log/pods/NAMESPACE_POD_UID/CONTAINER/0.log`.
const KUBERNETES: &str = r"/pods/(?P<namespace>[^/_]+)_(?P<pod>[^/_]+)_[^/]+/(?P<container>[^/]+)/[^/]+$";

/// Takes labels out of paths.
#[derive(Debug, Clone)]
pub struct PathLabels(Regex);

impl PathLabels {
    /// `kubernetes`, or a regular expression whose named groups are labels.
    ///
    /// # Errors
    /// When the expression cannot be used; the text says why.
    pub fn new(pattern: &str) -> Result<Self, String> {
        let pattern = if pattern == "kubernetes" { KUBERNETES } else { pattern };
        let regex = Regex::new(pattern).map_err(|error| format!("path_labels cannot be used: {error}"))?;
        let names: Vec<_> = regex.capture_names().flatten().collect();
        if names.is_empty() {
            return Err("path_labels needs a named group, as (?P<service>[^/]+), or is kubernetes".to_owned());
        }
        for name in names {
            super::label_name(name)?;
        }
        Ok(Self(regex))
    }

    /// The names of the labels.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.capture_names().flatten()
    }

    /// The labels of a path, beside those that its input has; none of them if the path does not match.
    #[must_use]
    pub fn of(&self, path: &Path, input: &LabelSet) -> LabelSet {
        let path = path.to_string_lossy();
        let mut labels = input.clone();
        if let Some(captures) = self.0.captures(&path) {
            for name in self.0.capture_names().flatten() {
                if let Some(value) = captures.name(name) {
                    labels.retain(|(other, _)| other != name);
                    labels.push((name.to_owned(), value.as_str().to_owned()));
                }
            }
        }
        labels
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_containers() {
        let labels = PathLabels::new("kubernetes").unwrap();
        let path = Path::new("/var/log/pods/shop_checkout-7d9f_0b1c2d3e-4f50/app/0.log");
        let input = vec![("service".to_owned(), "checkout".to_owned())];
        let found = labels.of(path, &input);
        let expected = [("service", "checkout"), ("namespace", "shop"), ("pod", "checkout-7d9f"), ("container", "app")];
        assert_eq!(found, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(labels.of(Path::new("/var/log/app.log"), &input), input);
    }

    #[test]
    fn patterns_that_cannot_be_used() {
        for (pattern, reason) in [("x", "needs a named group"), ("(?P<code>x)", "is taken"), ("(", "cannot be used")] {
            assert!(PathLabels::new(pattern).unwrap_err().contains(reason), "{pattern}");
        }
    }
}
