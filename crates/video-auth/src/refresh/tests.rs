//! Tests of the refresher: plain calls, no clock.

use std::collections::BTreeMap;
use std::time::UNIX_EPOCH;

use proptest::prelude::*;
use video_core::{Timestamp, UserId};

use super::*;

fn token(raw: &str) -> UserToken {
    ending(raw, None)
}

fn ending(raw: &str, seconds: Option<i64>) -> UserToken {
    let id = UserId::new("john").unwrap();
    UserToken::new(
        raw.into(),
        id,
        None,
        seconds.and_then(Timestamp::from_unix_seconds),
    )
}

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn supply(can_load: bool) -> Supply {
    match can_load {
        true => Supply::Loader,
        false => Supply::Static,
    }
}

struct Script {
    refresher: Refresher,
    now: SystemTime,
    waiters: u64,
}

impl Script {
    fn new(current: Option<&str>, can_load: bool) -> Self {
        let refresher = Refresher::new(
            current.map(token),
            supply(can_load),
            RefreshPolicy::default(),
        );
        Self {
            refresher,
            now: at(0),
            waiters: 0,
        }
    }

    fn input(&mut self, input: Input) -> Vec<String> {
        self.refresher.handle(self.now, input);
        std::iter::from_fn(|| self.refresher.poll())
            .map(|output| match output {
                Output::Load => "load".to_owned(),
                Output::Answer(Waiter(n), Ok(token)) => format!("{n}: {}", token.expose()),
                Output::Answer(Waiter(n), Err(error)) => format!("{n}: {:?}", error.kind()),
            })
            .collect()
    }

    fn demand(&mut self, rejected: Option<&str>) -> Vec<String> {
        self.waiters += 1;
        let waiter = Waiter(self.waiters);
        self.input(Input::Demand {
            waiter,
            rejected: rejected.map(token),
        })
    }

    fn loaded(&mut self, raw: &str) -> Vec<String> {
        self.input(Input::Loaded(Ok(token(raw))))
    }
}

#[test]
fn what_is_loaded_once_has_no_successor_and_a_failed_load_is_tried_again() {
    let mut script = Script::new(None, true);
    script.refresher.supply = Supply::Once;
    assert_eq!(script.demand(None), ["load"]);
    let failure = Err(TokenError::new(TokenErrorKind::Loader));
    assert_eq!(script.input(Input::Loaded(failure)), ["1: Loader"]);
    assert_eq!(script.demand(None), ["load"]);
    assert!(script.demand(None).is_empty());
    assert_eq!(script.loaded("a"), ["2: a", "3: a"]);
    assert_eq!(script.demand(Some("a")), ["4: GuestExpired"]);
    assert_eq!(script.demand(None), ["5: a"]);
}

/// Promise: T03
#[test]
fn a_static_token_is_handed_out_without_a_load_and_has_no_successor() {
    let mut script = Script::new(Some("a"), false);
    assert_eq!(script.demand(None), ["1: a"]);
    assert_eq!(script.demand(Some("a")), ["2: NoLoader"]);
    assert_eq!(script.demand(Some("older")), ["3: a"]);
}

/// Promise: T04, CK034
#[test]
fn with_both_the_static_token_comes_first_and_the_loader_after_it() {
    let mut script = Script::new(Some("a"), true);
    assert_eq!(script.demand(None), ["1: a"]);
    assert_eq!(script.demand(Some("a")), ["load"]);
    assert_eq!(script.loaded("b"), ["2: b"]);
    assert_eq!(script.demand(None), ["3: b"]);
}

#[test]
fn the_token_in_use_is_the_last_that_was_loaded() {
    let mut script = Script::new(Some("a"), true);
    script.demand(Some("a"));
    assert_eq!(script.refresher.current(), Some(&token("a")));
    script.loaded("b");
    assert_eq!(script.refresher.current(), Some(&token("b")));
    script.demand(Some("b"));
    script.input(Input::Loaded(Err(TokenError::new(TokenErrorKind::Loader))));
    assert_eq!(script.refresher.current(), Some(&token("b")));
}

/// Promise: CK035
#[test]
fn many_demands_cause_one_load() {
    let mut script = Script::new(None, true);
    assert_eq!(script.demand(None), ["load"]);
    assert!(script.demand(None).is_empty());
    assert_eq!(script.loaded("a"), ["1: a", "2: a"]);
}

/// Promise: CK037, BD33
#[test]
fn who_was_refused_with_an_older_token_gets_the_newer_one_without_a_load() {
    let mut script = Script::new(Some("a"), true);
    script.demand(Some("a"));
    script.loaded("b");
    assert_eq!(script.demand(Some("a")), ["2: b"]);
}

/// Promise: T03
#[test]
fn a_loader_that_gives_the_refused_token_again_is_found_out() {
    let mut script = Script::new(Some("a"), true);
    assert_eq!(script.demand(Some("a")), ["load"]);
    assert_eq!(script.loaded("a"), ["1: Unchanged"]);
}

/// Promise: BD36
#[test]
fn a_load_that_began_before_the_refusal_is_not_taken_for_a_refresh() {
    let mut script = Script::new(None, true);
    assert_eq!(script.demand(None), ["load"]);
    assert!(script.demand(Some("a")).is_empty());
    assert_eq!(script.loaded("a"), ["1: a", "load"]);
    assert_eq!(script.loaded("b"), ["2: b"]);
}

#[test]
fn a_load_that_knows_of_the_refusal_serves_those_who_join_it() {
    let mut script = Script::new(Some("a"), true);
    assert_eq!(script.demand(Some("a")), ["load"]);
    assert!(script.demand(Some("a")).is_empty());
    assert_eq!(script.loaded("a"), ["1: Unchanged", "2: Unchanged"]);
    // The refused token stays: it may be good for something else.
    assert_eq!(script.demand(None), ["3: a"]);
}

#[test]
fn the_second_load_for_one_who_joined_is_the_last() {
    let mut script = Script::new(None, true);
    assert_eq!(script.demand(None), ["load"]);
    assert!(script.demand(Some("a")).is_empty());
    assert!(script.demand(Some("b")).is_empty());
    assert_eq!(script.loaded("a"), ["1: a", "3: a", "load"]);
    assert_eq!(script.loaded("a"), ["2: Unchanged"]);
}

#[test]
fn a_failed_load_reaches_all_who_wait_and_keeps_the_old_token() {
    let mut script = Script::new(Some("a"), true);
    script.demand(Some("a"));
    script.demand(Some("a"));
    let error = TokenError::new(TokenErrorKind::Loader);
    assert_eq!(
        script.input(Input::Loaded(Err(error))),
        ["1: Loader", "2: Loader"]
    );
    assert_eq!(script.demand(None), ["3: a"]);
    assert_eq!(script.demand(Some("a")), ["load"]);
}

#[test]
fn a_token_is_replaced_before_its_end_if_that_is_wished() {
    let policy = RefreshPolicy::before_expiry(Duration::from_secs(60));
    let refresher = Refresher::new(Some(ending("a", Some(1000))), Supply::Loader, policy);
    let mut script = Script {
        refresher,
        now: at(939),
        waiters: 0,
    };
    assert_eq!(script.refresher.deadline(), Some(at(940)));
    assert!(script.input(Input::Tick).is_empty());
    script.now = at(940);
    assert_eq!(script.input(Input::Tick), ["load"]);
    // Meanwhile the old token serves; a failure is tried again, not at once.
    assert_eq!(script.demand(None), ["1: a"]);
    let error = TokenError::new(TokenErrorKind::Loader);
    assert!(script.input(Input::Loaded(Err(error))).is_empty());
    assert_eq!(script.refresher.deadline(), Some(at(970)));
    script.now = at(970);
    assert_eq!(script.input(Input::Tick), ["load"]);
    // A successor that is already due does not make a loop.
    assert!(
        script
            .input(Input::Loaded(Ok(ending("b", Some(990)))))
            .is_empty()
    );
    assert_eq!(script.refresher.deadline(), Some(at(1000)));
}

#[test]
fn a_failed_refresh_plans_nothing_for_a_token_without_an_end() {
    let policy = RefreshPolicy::before_expiry(Duration::from_secs(60));
    let mut script = Script {
        refresher: Refresher::new(Some(token("a")), Supply::Loader, policy),
        now: at(0),
        waiters: 0,
    };
    assert_eq!(script.demand(Some("a")), ["load"]);
    let error = TokenError::new(TokenErrorKind::Loader);
    assert_eq!(script.input(Input::Loaded(Err(error))), ["1: Loader"]);
    assert_eq!(script.refresher.deadline(), None);
}

/// One token's life from the first demand to its second successor.
#[test]
fn the_course_of_a_session() {
    let policy = RefreshPolicy::before_expiry(Duration::from_secs(60));
    let mut script = Script {
        refresher: Refresher::new(None, Supply::Loader, policy),
        now: at(0),
        waiters: 0,
    };
    let mut transcript = Vec::new();
    let down = || Input::Loaded(Err(TokenError::new(TokenErrorKind::LoaderTimeout)));
    let good = |raw, end| Input::Loaded(Ok(ending(raw, Some(end))));
    let demand = |n, rejected: Option<&str>| Input::Demand {
        waiter: Waiter(n),
        rejected: rejected.map(token),
    };
    for (seconds, what, input) in [
        (0, "first demand", demand(1, None)),
        (1, "second demand", demand(2, None)),
        (10, "timeout", down()),
        (11, "third demand", demand(3, None)),
        (12, "loaded a", good("a", 600)),
        (539, "tick", Input::Tick),
        (540, "tick", Input::Tick),
        (541, "a is refused", demand(4, Some("a"))),
        (542, "loaded a again", good("a", 600)),
        (543, "loaded b", good("b", 1200)),
        (544, "a is refused late", demand(5, Some("a"))),
        (1140, "tick", Input::Tick),
        (1150, "timeout", down()),
        (1151, "demand", demand(6, None)),
        (1180, "tick", Input::Tick),
        (1181, "loaded c", good("c", 1800)),
    ] {
        script.now = at(seconds);
        let outputs = script.input(input).join(", ");
        let due = script.refresher.deadline().map_or_else(String::new, |due| {
            let due = due.duration_since(UNIX_EPOCH).unwrap_or_default();
            format!(" [due {}]", due.as_secs())
        });
        transcript.push(format!("{seconds:>4} {what}: {outputs}{due}"));
    }
    let expected = "   0 first demand: load
   1 second demand: 
  10 timeout: 1: LoaderTimeout, 2: LoaderTimeout
  11 third demand: load
  12 loaded a: 3: a [due 540]
 539 tick:  [due 540]
 540 tick: load
 541 a is refused: 
 542 loaded a again: load [due 572]
 543 loaded b: 4: b [due 1140]
 544 a is refused late: 5: b [due 1140]
1140 tick: load
1150 timeout:  [due 1180]
1151 demand: 6: b [due 1180]
1180 tick: load
1181 loaded c:  [due 1740]";
    assert_eq!(transcript.join("\n"), expected);
}

#[test]
fn without_a_loader_or_a_wish_nothing_is_scheduled() {
    let policy = RefreshPolicy::before_expiry(Duration::from_secs(60));
    let of = |can_load, policy| {
        Refresher::new(Some(ending("a", Some(1000))), supply(can_load), policy).deadline()
    };
    assert_eq!(of(false, policy), None);
    assert_eq!(of(true, RefreshPolicy::default()), None);
}

#[derive(Debug, Clone)]
enum Step {
    Demand(Option<u8>),
    Load(u8),
    Fail,
    Wait(u16),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => prop::option::of(0_u8..4).prop_map(Step::Demand),
        3 => (0_u8..4).prop_map(Step::Load),
        1 => Just(Step::Fail),
        1 => any::<u16>().prop_map(Step::Wait),
    ]
}

proptest! {
    /// However the loader answers: who is refused meanwhile costs no further load.
    #[test]
    fn a_wave_of_refusals_costs_one_load(others in 0_u64..100, answer in 0_u8..3) {
        let mut script = Script::new(Some("a"), true);
        prop_assert_eq!(script.demand(Some("a")), ["load"]);
        for _ in 0..others {
            prop_assert!(script.demand(Some("a")).is_empty());
        }
        let answers = match answer {
            0 => script.loaded("a"),
            1 => script.loaded("b"),
            _ => script.input(Input::Loaded(Err(TokenError::new(TokenErrorKind::Loader)))),
        };
        prop_assert_eq!(answers.len() as u64, others + 1);
        prop_assert!(!answers.contains(&"load".to_owned()));
    }

    #[test]
    fn any_history_has_one_load_at_a_time_and_answers_everybody_once(
        steps in prop::collection::vec(step(), 0..60),
        has_token: bool,
        can_load: bool,
    ) {
        prop_assume!(has_token || can_load);
        let raw = |n: u8| ending(&format!("t{n}"), Some(i64::from(n) * 1000));
        let policy = RefreshPolicy::before_expiry(Duration::from_secs(10));
        let mut refresher = Refresher::new(has_token.then(|| raw(0)), supply(can_load), policy);
        let mut now = at(0);
        let mut loading = false;
        let mut open: BTreeMap<u64, (Option<UserToken>, u8)> = BTreeMap::new();
        let mut count = 0;
        let settle = (0..4).map(|n| Step::Load(n % 4)).collect::<Vec<_>>();
        for step in steps.iter().chain(&settle) {
            let input = match step {
                Step::Demand(rejected) => {
                    count += 1;
                    let rejected = rejected.map(raw);
                    open.insert(count, (rejected.clone(), 0));
                    Input::Demand { waiter: Waiter(count), rejected }
                }
                Step::Load(n) if std::mem::take(&mut loading) => Input::Loaded(Ok(raw(*n))),
                Step::Fail if std::mem::take(&mut loading) => {
                    Input::Loaded(Err(TokenError::new(TokenErrorKind::Loader)))
                }
                Step::Wait(seconds) => {
                    now += Duration::from_secs((*seconds).into());
                    Input::Tick
                }
                Step::Load(_) | Step::Fail => continue,
            };
            if matches!(input, Input::Loaded(_)) {
                for (_, loads) in open.values_mut() {
                    *loads += 1;
                }
            }
            refresher.handle(now, input);
            while let Some(output) = refresher.poll() {
                match output {
                    Output::Load => {
                        prop_assert!(can_load, "a load without a loader");
                        prop_assert!(!std::mem::replace(&mut loading, true), "two loads");
                    }
                    Output::Answer(Waiter(n), answer) => {
                        let demand = open.remove(&n);
                        prop_assert!(demand.is_some(), "an answer to nobody");
                        if let (Some((Some(rejected), _)), Ok(token)) = (demand, answer) {
                            prop_assert_ne!(rejected, token, "the refused token again");
                        }
                    }
                }
            }
            prop_assert!(open.values().all(|(_, loads)| *loads < 2), "a third load");
            prop_assert!(open.is_empty() || loading, "a wait for nothing");
        }
        prop_assert!(open.is_empty(), "{open:?} still wait");
    }
}
