//! Planning faults.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::rules::{Path, Rules};
use super::{Fault, FaultPlace, PlannedFault};

/// A cheap handle to the coordinator's plan of faults.
///
/// One occasion meets at most one fault. Faults with a count are used up in the order in which
/// they were planned; those that last for ever apply when no counted one does.
///
/// # Examples
///
/// ```
/// use video_testkit::{Coordinator, Fault};
///
/// let coordinator = Coordinator::builder("key", "secret").build();
/// let faults = coordinator.faults();
/// faults.rest("POST", "/video/call/default/standup", Fault::status(503, "<html>")).times(2);
/// faults.greeting(Fault::ConnectionError(40));
/// assert_eq!(faults.pending(), 3);
/// ```
#[derive(Clone, Default)]
pub struct Faults {
    rules: Arc<Mutex<Rules>>,
}

impl Faults {
    /// Plans a fault for the next connection that a client opens.
    ///
    /// # Panics
    ///
    /// If the fault can not happen there; see [`Fault`].
    pub fn dial(&self, fault: Fault) -> PlannedFault {
        self.plan(FaultPlace::Dial, "*", Box::new(|_| true), fault)
    }

    /// Plans a fault for the next REST request with this method (`*`: any) and exactly this path.
    ///
    /// # Panics
    ///
    /// If the fault can not happen there; see [`Fault`].
    pub fn rest(&self, method: &str, path: &str, fault: Fault) -> PlannedFault {
        let path = path.to_owned();
        self.rest_where(method, move |sent| sent == path, fault)
    }

    /// Plans a fault for the next REST request with this method (`*`: any) and such a path.
    ///
    /// # Panics
    ///
    /// If the fault can not happen there; see [`Fault`].
    pub fn rest_where(
        &self,
        method: &str,
        path: impl Fn(&str) -> bool + Send + Sync + 'static,
        fault: Fault,
    ) -> PlannedFault {
        self.plan(FaultPlace::Rest, method, Box::new(path), fault)
    }

    /// Plans a fault for the next request for the location hint.
    ///
    /// # Panics
    ///
    /// If the fault can not happen there; see [`Fault`].
    pub fn hint(&self, fault: Fault) -> PlannedFault {
        self.plan(FaultPlace::Hint, "*", Box::new(|_| true), fault)
    }

    /// Plans a fault for the next latency test of the edge with this id. A delay that lasts
    /// [`forever`](PlannedFault::forever) makes it a far edge.
    ///
    /// # Panics
    ///
    /// If the fault can not happen there; see [`Fault`].
    pub fn edge(&self, id: &str, fault: Fault) -> PlannedFault {
        let id = id.to_owned();
        self.plan(
            FaultPlace::Edge,
            "*",
            Box::new(move |sent| sent == id),
            fault,
        )
    }

    /// Plans a fault for the next request for a socket.
    ///
    /// # Panics
    ///
    /// If the fault can not happen there; see [`Fault`].
    pub fn upgrade(&self, fault: Fault) -> PlannedFault {
        self.plan(FaultPlace::Upgrade, "*", Box::new(|_| true), fault)
    }

    /// Plans a fault for the next socket's first frame.
    ///
    /// # Panics
    ///
    /// If the fault can not happen there; see [`Fault`].
    pub fn greeting(&self, fault: Fault) -> PlannedFault {
        self.plan(FaultPlace::Greeting, "*", Box::new(|_| true), fault)
    }

    /// Plans a fault for the next health check.
    ///
    /// # Panics
    ///
    /// If the fault can not happen there; see [`Fault`].
    pub fn health_check(&self, fault: Fault) -> PlannedFault {
        self.plan(FaultPlace::HealthCheck, "*", Box::new(|_| true), fault)
    }

    /// How many counted faults are still to come. Those that last for ever do not count.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.rules().pending()
    }

    /// Cancels all faults that are still to come.
    pub fn clear(&self) {
        self.rules().clear();
    }

    fn plan(&self, place: FaultPlace, method: &str, path: Path, fault: Fault) -> PlannedFault {
        assert!(fault.fits(place), "{fault} can not happen at {place}");
        let id = self.rules().add(place, method, path, fault);
        PlannedFault::new(self.clone(), id)
    }

    /// Takes the fault that this occasion meets.
    pub(crate) fn take(&self, place: FaultPlace, method: &str, path: &str) -> Option<Fault> {
        self.rules().take(place, method, path)
    }

    pub(super) fn rules(&self) -> MutexGuard<'_, Rules> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rules().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(faults: &Faults, path: &str) -> Option<Fault> {
        faults.take(FaultPlace::Rest, "GET", path)
    }

    #[test]
    fn counted_faults_are_used_up_in_order_before_lasting_ones() {
        let faults = Faults::default();
        faults.rest("*", "/a", Fault::Stall).forever();
        faults.rest("GET", "/a", Fault::ApiError(1)).times(2);
        faults.rest("GET", "/a", Fault::ApiError(2));
        assert_eq!(faults.pending(), 3);
        let met: Vec<_> = (0..5).map(|_| next(&faults, "/a").unwrap()).collect();
        assert_eq!(
            met,
            [
                Fault::ApiError(1),
                Fault::ApiError(1),
                Fault::ApiError(2),
                Fault::Stall,
                Fault::Stall
            ]
        );
        faults.clear();
        assert_eq!(next(&faults, "/a"), None);
    }

    #[test]
    fn a_fault_waits_for_its_place_method_and_path() {
        let faults = Faults::default();
        faults.rest_where("POST", |path| path.ends_with("/join"), Fault::Drop);
        assert_eq!(next(&faults, "/x/join"), None);
        assert_eq!(faults.take(FaultPlace::Rest, "POST", "/x"), None);
        assert_eq!(faults.take(FaultPlace::Upgrade, "POST", "/x/join"), None);
        assert_eq!(
            faults.take(FaultPlace::Rest, "POST", "/x/join"),
            Some(Fault::Drop)
        );
    }

    #[test]
    fn a_fault_planned_zero_times_never_happens() {
        let faults = Faults::default();
        faults.rest("GET", "/a", Fault::Drop).times(0);
        assert_eq!(next(&faults, "/a"), None);
    }

    #[test]
    #[should_panic(expected = "wrong accept key can not happen at greeting")]
    fn a_fault_that_can_not_happen_is_refused_at_once() {
        Faults::default().greeting(Fault::WrongAcceptKey);
    }
}
