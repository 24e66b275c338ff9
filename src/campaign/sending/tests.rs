//! The loop with carriers that do what a test wants, and a ledger on disk.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use super::*;
use crate::campaign::channel::Fault;
use crate::campaign::message::Outgoing;
use crate::campaign::plan::Unknown;
use crate::data::Channel;
use crate::jobs::{Cancel, unwatched};
use crate::workspace::{Launch, NewSend};

/// What the other side has taken, and what it says to the next messages.
#[derive(Default)]
struct Sink {
    taken: BTreeMap<String, u32>,
    refusing: BTreeMap<String, Vec<Outcome>>,
}

#[derive(Clone)]
struct Fake(Arc<Mutex<Sink>>);

impl Carrier for Fake {
    fn prepare(&mut self, _: &Outgoing) -> Result<(), Fault> {
        Ok(())
    }

    fn hand_over(&mut self, message: &Outgoing) -> Outcome {
        let mut sink = self.0.lock().unwrap();
        if let Some(outcome) = sink.refusing.get_mut(&message.customer).and_then(Vec::pop) {
            return outcome;
        }
        *sink.taken.entry(message.message_id.clone()).or_default() += 1;
        Outcome::Accepted { reply: "250 ok".into() }
    }

    fn already_taken(&mut self, _: &str) -> Option<bool> {
        None
    }
}

fn fault(kind: FaultKind, said: &str) -> Outcome {
    Outcome::Failed(Fault::new(kind, said))
}

fn compose(line: &Send) -> Result<Outgoing, MessageError> {
    if line.address.as_deref() == Some("broken") {
        return Err(MessageError::Address("broken".into(), "it has no domain".into()));
    }
    Ok(Outgoing {
        channel: Channel::Email,
        message_id: format!("{}@shop.example", line.customer),
        recipient: line.address.clone().unwrap_or_default(),
        language: "en".into(),
        campaign: "spring".into(),
        customer: line.customer.clone(),
        coupon: line.coupon.clone(),
        text: crate::strategy::Text::new(),
        mail: Vec::new(),
        links: Vec::new(),
    })
}

struct Bench {
    folder: tempfile::TempDir,
    store: Store,
    campaign: i64,
    sink: Arc<Mutex<Sink>>,
    now: i64,
}

impl Bench {
    /// A campaign of so many customers, launched at 0.
    fn new(customers: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(&folder.path().join("perennial.db")).unwrap();
        let ids: Vec<String> = (0..customers).map(|number| format!("C{number}")).collect();
        let sends = ids.iter().map(|id| NewSend {
            customer: id,
            segment: "A",
            arm: "message",
            channel: "email",
            address: Some(if id == "C3" { "broken" } else { "a@b.example" }),
            language: "en",
            content: "00",
            state: SendState::Intended,
            not_before: None,
            detail: None,
        });
        let launch = Launch {
            name: "spring",
            plan: "",
            fingerprint: "ff",
            arms: &serde_json::json!([]),
            funnel: &serde_json::json!([]),
            left_out: &[],
            links: &[],
            to: "files",
            at: 0,
            actor: "author",
        };
        let campaign = store.launch(&launch, sends).unwrap();
        Self { folder, store, campaign, sink: Arc::default(), now: 1 }
    }

    fn refuse(&self, customer: &str, outcomes: &[Outcome]) {
        let outcomes = outcomes.iter().rev().cloned().collect();
        self.sink.lock().unwrap().refusing.insert(customer.into(), outcomes);
    }

    fn send(&mut self, workers: usize) -> Report {
        self.send_with(workers, &|_, _| Ok(()), None)
    }

    fn send_with(&mut self, workers: usize, codes: &Coding<'_>, per_minute: Option<u32>) -> Report {
        let now = self.now;
        let carriers =
            (0..workers).map(|_| Box::new(Fake(Arc::clone(&self.sink))) as Box<dyn Carrier>).collect();
        let order = Order {
            campaign: self.campaign,
            compose: &compose,
            codes,
            attempts: 3,
            stop_at: 0.2,
            per_minute,
            patience: Duration::ZERO,
            now: &|| now,
            watch: &|_| {},
        };
        unwatched(|task| send(&mut self.store, &order, carriers, task)).unwrap()
    }

    fn states(&self) -> BTreeMap<SendState, u64> {
        self.store.tally(self.campaign).unwrap().remove("message").unwrap_or_default()
    }
}

#[test]
fn everybody_gets_the_message_once_and_the_campaign_is_done() {
    let mut bench = Bench::new(2_000);
    let report = bench.send(4);
    assert_eq!((report.accepted, report.failed, report.unknown, report.waiting), (1_999, 1, 0, 0));
    assert_eq!(report.state, CampaignState::Done);
    let sink = bench.sink.lock().unwrap();
    assert_eq!(sink.taken.len(), 1_999);
    assert!(sink.taken.values().all(|&times| times == 1));
    drop(sink);
    // The address that is none is told.
    let failed = bench.store.sends_in(bench.campaign, SendState::Failed).unwrap();
    assert!(failed[0].detail.as_deref().unwrap().contains("it has no domain"));
    // Again: nothing is left.
    assert_eq!(bench.send(4).accepted_now, 0);
}

#[test]
fn a_refusal_for_now_is_tried_again_later_and_one_for_ever_is_not() {
    let mut bench = Bench::new(100);
    bench.refuse("C10", &[fault(FaultKind::Temporary, "451 later")]);
    bench.refuse("C11", &[fault(FaultKind::Permanent, "550 no such user")]);
    bench.refuse("C12", &vec![fault(FaultKind::Temporary, "451 later"); 5]);
    let report = bench.send(2);
    assert_eq!((report.accepted, report.failed, report.waiting), (96, 2, 2));
    assert_eq!(report.state, CampaignState::Sending);
    assert_eq!(report.next_due, Some(30_001));
    assert_eq!(bench.send(2).accepted_now, 0, "not before its time");
    bench.now = 30_001;
    assert_eq!(bench.send(2).accepted_now, 1);
    bench.now = 100_000;
    let report = bench.send(2);
    assert_eq!((report.failed, report.waiting, report.state), (3, 0, CampaignState::Done));
    let failed = bench.store.find_sends(bench.campaign, "C12", 9).unwrap();
    assert_eq!(failed[0].send.detail.as_deref(), Some("after 3 attempts: 451 later"));
    assert_eq!(failed[0].send.attempts, 3);
}

#[test]
fn failures_of_earlier_runs_count_until_a_person_lets_it_go_on() {
    let mut bench = Bench::new(60);
    let refused = |times: usize| vec![fault(FaultKind::Permanent, "550 denied"); times];
    for number in 10..60 {
        let first = if number < 25 { refused(1) } else { vec![fault(FaultKind::Temporary, "451 later")] };
        let then = if number < 40 { refused(1) } else { Vec::new() };
        bench.refuse(&format!("C{number}"), &[first, then].concat());
    }
    // 9 are taken and 16 refused, C0 among them: few were tried.
    for number in 0..10 {
        bench.refuse(&format!("C{number}"), &[fault(FaultKind::Temporary, "451 later")]);
    }
    let report = bench.send(1);
    assert_eq!((report.failed, report.state), (16, CampaignState::Sending), "{report:?}");
    assert_eq!(bench.store.why_stopped("spring").unwrap(), None);
    bench.now = 100_000;
    let report = bench.send(1);
    assert_eq!(report.state, CampaignState::Stopped, "{report:?}");
    let why = bench.store.why_stopped("spring").unwrap().unwrap();
    assert!(why.contains("of the last 2") && why.contains("failed, or are of unknown fate"), "{why}");
    assert_eq!(report.why.as_deref(), Some(why.as_str()));
    // Whoever lets it go on has looked: only what happens since counts.
    bench.store.turn_campaign(bench.campaign, CampaignState::Sending, 100_001, "reviewer", "").unwrap();
    bench.now = 200_000;
    bench.sink.lock().unwrap().refusing.clear();
    let report = bench.send(1);
    assert_eq!(report.state, CampaignState::Done, "{report:?}");
}

#[test]
fn a_message_of_unknown_fate_is_never_sent_again_by_itself() {
    let mut bench = Bench::new(50);
    bench.refuse("C7", &[Outcome::Unknown { why: "the connection broke".into() }]);
    let report = bench.send(2);
    assert_eq!((report.accepted, report.unknown, report.state), (48, 1, CampaignState::Sending));
    bench.now = 1_000_000_000;
    assert_eq!(bench.send(2).accepted_now, 0);
    assert_eq!(bench.states()[&SendState::Unknown], 1);
}

#[test]
fn too_many_failures_stop_it_and_a_server_that_is_away_costs_no_attempt() {
    let mut bench = Bench::new(500);
    for number in 0..500 {
        if number % 3 == 0 {
            bench.refuse(&format!("C{number}"), &[fault(FaultKind::Permanent, "550 no")]);
        }
    }
    let report = bench.send(1);
    assert_eq!(report.state, CampaignState::Stopped);
    assert!(report.failed < 60, "it stops early: {}", report.failed);
    assert!(report.why.unwrap().contains("stops by itself above 20 %"));

    let mut bench = Bench::new(30);
    for number in 0..30 {
        bench.refuse(&format!("C{number}"), &vec![fault(FaultKind::Channel, "535 wrong password"); 9]);
    }
    let report = bench.send(1);
    assert_eq!((report.state, report.why.as_deref()), (CampaignState::Stopped, Some("535 wrong password")));
    let line = &bench.store.find_sends(bench.campaign, "C0", 1).unwrap()[0].send;
    assert_eq!((line.state, line.attempts), (SendState::Intended, 0));
}

#[test]
fn what_a_killed_process_left_is_settled_as_the_plan_says() {
    let policies = [(Unknown::Hold, SendState::Unknown), (Unknown::Resend, SendState::Intended)];
    for (policy, state) in policies {
        let mut bench = Bench::new(10);
        let handing = Change::Handing { id: 1, message_id: "C0@shop.example".into() };
        bench.store.advance(bench.campaign, &[handing], 5).unwrap();
        let left =
            settle_leftovers(&mut bench.store, bench.campaign, &mut Fake(Arc::clone(&bench.sink)), policy, 6)
                .unwrap();
        assert_eq!(left.held + left.resent, 1);
        assert_eq!(bench.store.find_sends(bench.campaign, "C0", 1).unwrap()[0].send.state, state);
        // It tells nothing of the server, and does not stop the campaign; no answer does.
        let unanswered = Change::Unknown { id: 2, detail: "no answer".into() };
        bench.store.advance(bench.campaign, &[unanswered], 6).unwrap();
        assert_eq!(bench.store.recent_failures(bench.campaign, 200).unwrap(), [true]);
        assert!(
            settle_leftovers(&mut bench.store, bench.campaign, &mut Fake(Arc::clone(&bench.sink)), policy, 7)
                .unwrap()
                .is_empty()
        );
    }
}

#[test]
fn a_campaign_that_is_paused_by_somebody_else_stops_at_once_and_goes_on_later() {
    let mut bench = Bench::new(300);
    let path = bench.folder.path().join("perennial.db");
    let campaign = bench.campaign;
    // The pause comes with the second batch of codes, from another connection.
    let asked = std::cell::Cell::new(0);
    let pause = |_: &mut Store, _: &mut [Send]| {
        asked.set(asked.get() + 1);
        let mut other = Store::open(&path).unwrap();
        other.turn_campaign(campaign, CampaignState::Paused, 2, "author", "a mistake in it").unwrap();
        Ok(())
    };
    let report = bench.send_with(3, &pause, None);
    assert_eq!(report.state, CampaignState::Paused);
    assert_eq!(report.accepted, 0);
    // The address that is none may have been told before the pause was seen.
    assert!(bench.states()[&SendState::Intended] >= 299);
    bench.store.turn_campaign(campaign, CampaignState::Sending, 3, "author", "mended").unwrap();
    assert_eq!(bench.send(3).accepted, 299);
    let actions: Vec<String> = bench.store.audit().unwrap().into_iter().map(|entry| entry.action).collect();
    assert_eq!(actions, ["launch", "pause", "resume", "finish"]);
}

#[test]
fn a_cancelled_campaign_gives_its_codes_back_and_sends_no_more() {
    let mut bench = Bench::new(40);
    bench.refuse("C9", &[fault(FaultKind::Temporary, "451 later")]);
    let campaign = bench.campaign;
    let codes = |store: &mut Store, lines: &mut [Send]| {
        let lacking: Vec<(i64, &str)> = lines.iter().map(|line| (line.id, line.customer.as_str())).collect();
        let source = crate::workspace::CodeSource::Made { seed: 9, name: "spring" };
        let codes = store.reserve_codes(campaign, &source, &lacking, None, 1)?;
        for (line, code) in lines.iter_mut().zip(codes) {
            line.coupon = Some(code);
        }
        Ok(())
    };
    let report = bench.send_with(2, &codes, None);
    assert_eq!((report.accepted, report.waiting), (38, 1));
    let codes: BTreeSet<String> =
        bench.store.sends(campaign).unwrap().into_iter().filter_map(|line| line.coupon).collect();
    assert_eq!(codes.len(), 39, "one each, and none for the address that is none");
    let count = &bench.store.pools(1).unwrap()[0];
    // The one to be tried again was not taken: nobody has seen its code.
    assert_eq!((count.committed, count.reserved, count.returned), (38, 1, 1));
    bench.store.turn_campaign(campaign, CampaignState::Cancelled, 2, "author", "enough").unwrap();
    assert_eq!(bench.states()[&SendState::Cancelled], 1);
    let count = &bench.store.pools(1).unwrap()[0];
    assert_eq!((count.committed, count.reserved, count.returned), (38, 0, 2));
    assert!(bench.store.turn_campaign(campaign, CampaignState::Sending, 3, "author", "").is_err());
    bench.now = i64::MAX / 2;
    assert_eq!(bench.send(2).accepted_now, 0);
}

/// Sends at that rate until more than so many were accepted, and is interrupted then.
fn interrupted(bench: &mut Bench, carrier: Box<dyn Carrier>, per_minute: u32, after: u64) -> Report {
    let cancel = Cancel::default();
    let stop = cancel.clone();
    let order = Order {
        campaign: bench.campaign,
        compose: &compose,
        codes: &|_, _| Ok(()),
        attempts: 3,
        stop_at: 0.2,
        per_minute: Some(per_minute),
        patience: Duration::ZERO,
        now: &|| 1,
        watch: &|pulse| {
            if pulse.accepted > after {
                stop.cancel();
            }
        },
    };
    send(&mut bench.store, &order, vec![carrier], &Task::new(&cancel, &|_| {})).unwrap()
}

#[test]
fn an_interruption_leaves_the_rest_for_the_next_run() {
    let mut bench = Bench::new(500);
    let carrier = Box::new(Fake(Arc::clone(&bench.sink)));
    let report = interrupted(&mut bench, carrier, 6_000, 10);
    assert_eq!(report.state, CampaignState::Sending);
    assert!(report.accepted > 10 && report.waiting > 0, "{report:?}");
    assert_eq!(report.accepted + report.waiting + report.failed, 500);
    assert!(!bench.states().contains_key(&SendState::Handing));
    assert_eq!(bench.send(2).accepted, 499);
}

/// A carrier that takes many on one word of the ledger.
struct Wide(Fake);

impl Carrier for Wide {
    fn prepare(&mut self, message: &Outgoing) -> Result<(), Fault> {
        self.0.prepare(message)
    }

    fn hand_over(&mut self, message: &Outgoing) -> Outcome {
        self.0.hand_over(message)
    }

    fn already_taken(&mut self, id: &str) -> Option<bool> {
        self.0.already_taken(id)
    }

    fn window(&self) -> usize {
        500
    }
}

#[test]
fn a_rate_holds_for_carriers_that_take_many_at_once() {
    let mut bench = Bench::new(500);
    let carrier = Box::new(Wide(Fake(Arc::clone(&bench.sink))));
    // The second message waits for a minute.
    let report = interrupted(&mut bench, carrier, 1, 0);
    assert_eq!(report.accepted, 1, "{report:?}");
}

#[test]
fn a_clock_that_is_set_back_delays_and_doubles_nothing() {
    const HOUR: i64 = 3_600_000;
    let mut bench = Bench::new(30);
    bench.now = 10 * HOUR;
    bench.refuse("C5", &[fault(FaultKind::Temporary, "451 later")]);
    assert_eq!(bench.send(2).accepted, 28);
    bench.now = 9 * HOUR;
    assert_eq!(bench.send(2).accepted_now, 0);
    bench.now = 10 * HOUR + 30_000;
    let report = bench.send(2);
    assert_eq!((report.accepted_now, report.state), (1, CampaignState::Done));
    assert!(bench.sink.lock().unwrap().taken.values().all(|&times| times == 1));
}

#[test]
fn a_server_that_puts_everybody_off_is_asked_once_for_each_and_stops_it_the_second_time() {
    let mut bench = Bench::new(500);
    for number in 0..500 {
        let later = vec![fault(FaultKind::Temporary, "451 later"); 9];
        bench.refuse(&format!("C{number}"), &later);
    }
    let asked = |bench: &Bench| -> usize {
        bench.sink.lock().unwrap().refusing.values().map(|left| 9 - left.len()).sum()
    };
    let report = bench.send(4);
    assert_eq!((report.accepted, report.failed, report.waiting), (0, 1, 499));
    assert_eq!((report.state, report.next_due), (CampaignState::Sending, Some(30_001)));
    assert_eq!(asked(&bench), 499, "each was tried once");
    // The same again for those who were put off before is no greylisting any more.
    bench.now = 30_001;
    let report = bench.send(4);
    assert_eq!((report.state, report.waiting), (CampaignState::Stopped, 499));
    assert!(report.why.unwrap().ends_with("put off once more, and none was taken: 451 later"));
    assert!((200..300).contains(&(asked(&bench) - 499)));
}

#[test]
fn a_server_that_takes_nothing_for_now_is_left_alone_and_the_campaign_goes_on_later() {
    let mut bench = Bench::new(300);
    for number in 0..300 {
        let full = fault(FaultKind::Temporary, "421 try again later");
        let Outcome::Failed(full) = full else { unreachable!() };
        bench.refuse(&format!("C{number}"), &[Outcome::Failed(full.of_everything())]);
    }
    let report = bench.send(2);
    assert_eq!((report.accepted, report.state), (0, CampaignState::Sending));
    assert!(report.why.unwrap().contains("nothing is taken for now (421 try again later)"));
    assert!(bench.sink.lock().unwrap().refusing.values().filter(|left| left.is_empty()).count() < 20);
    assert_eq!(
        bench.states()[&SendState::Intended],
        299 + u64::from(!bench.states().contains_key(&SendState::Failed))
    );
}

#[test]
fn a_code_that_may_have_been_seen_stays_given_out_whatever_comes_after() {
    let mut bench = Bench::new(2);
    let campaign = bench.campaign;
    bench.store.import_codes("big", [("ONE", None), ("TWO", None)].into_iter(), 1).unwrap();
    let pool = crate::workspace::CodeSource::Pool("big");
    bench.store.reserve_codes(campaign, &pool, &[(1, "C0"), (2, "C1")], None, 1).unwrap();
    let handing = |id| Change::Handing { id, message_id: format!("{id}@shop.example") };
    let again = |id| Change::Again { id, not_before: 9, detail: "451 later".into() };
    let unknown = Change::Unknown { id: 1, detail: "no answer".into() };
    let steps = [handing(1), unknown, Change::Back { id: 1 }, handing(1), again(1), handing(2), again(2)];
    bench.store.advance(campaign, &steps, 2).unwrap();
    let count = bench.store.pools(1).unwrap().remove(0);
    assert_eq!((count.free, count.reserved, count.committed), (0, 1, 1));
    bench.store.turn_campaign(campaign, CampaignState::Cancelled, 3, "author", "enough").unwrap();
    let count = bench.store.pools(1).unwrap().remove(0);
    assert_eq!((count.free, count.reserved, count.committed, count.recent), (1, 0, 1, 1));
    let codes: Vec<_> = bench.store.sends(campaign).unwrap().into_iter().map(|line| line.coupon).collect();
    assert_eq!(codes, [Some("ONE".to_owned()), None]);
}

#[test]
fn an_address_without_a_mailbox_is_given_up_at_once() {
    let mut bench = Bench::new(3);
    bench.refuse("C1", &[fault(FaultKind::Permanent, "554 5.7.1 no spam please")]);
    assert_eq!(bench.send(1).failed, 1);
    let suppressed =
        |store: &mut Store| store.permissions().unwrap().is_suppressed(Channel::Email, "a@b.example");
    assert!(!suppressed(&mut bench.store), "the message was refused, and not the address");
    let mut bench = Bench::new(3);
    bench.refuse("C2", &[fault(FaultKind::Permanent, "550 5.1.1 no such user")]);
    assert_eq!(bench.send(1).failed, 1);
    assert!(suppressed(&mut bench.store));
    let failed = bench.store.sends_in(bench.campaign, SendState::Failed).unwrap();
    assert_eq!(failed[0].detail.as_deref(), Some("550 5.1.1 no such user"));
}
