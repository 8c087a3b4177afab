//! Which fault happens next.

use std::fmt;

use super::{Fault, FaultPlace};

/// Which paths are meant.
pub(super) type Path = Box<dyn Fn(&str) -> bool + Send + Sync>;

#[derive(Default)]
pub(super) struct Rules {
    next_id: u64,
    list: Vec<Rule>,
}

struct Rule {
    id: u64,
    place: FaultPlace,
    /// The HTTP method, or `*`.
    method: String,
    path: Path,
    fault: Fault,
    /// How often it is left; none means for ever.
    left: Option<usize>,
}

impl Rules {
    /// Plans a fault for one occasion.
    pub(super) fn add(&mut self, place: FaultPlace, method: &str, path: Path, fault: Fault) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        self.list.push(Rule {
            id,
            place,
            method: method.to_owned(),
            path,
            fault,
            left: Some(1),
        });
        id
    }

    /// Says how often a planned fault happens, without a count for ever.
    pub(super) fn repeat(&mut self, id: u64, count: Option<usize>) {
        if count == Some(0) {
            self.list.retain(|rule| rule.id != id);
        } else if let Some(rule) = self.list.iter_mut().find(|rule| rule.id == id) {
            rule.left = count;
        }
    }

    pub(super) fn pending(&self) -> usize {
        self.list.iter().filter_map(|rule| rule.left).sum()
    }

    pub(super) fn clear(&mut self) {
        self.list.clear();
    }

    pub(super) fn take(&mut self, place: FaultPlace, method: &str, path: &str) -> Option<Fault> {
        let applies = |rule: &Rule| {
            rule.place == place
                && (rule.method == "*" || rule.method == method)
                && (rule.path)(path)
        };
        let counted = |rule: &Rule| rule.left.is_some() && applies(rule);
        let Some(at) = self.list.iter().position(counted) else {
            let lasting = self.list.iter().find(|rule| applies(rule));
            return lasting.map(|rule| rule.fault.clone());
        };
        let fault = self.list[at].fault.clone();
        match &mut self.list[at].left {
            Some(left) if *left > 1 => *left -= 1,
            _ => drop(self.list.remove(at)),
        }
        Some(fault)
    }
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |rule: &Rule| (rule.place, rule.fault.clone(), rule.left);
        f.debug_list().entries(self.list.iter().map(shown)).finish()
    }
}
