use proptest::prelude::*;

use super::*;
use crate::review::Check;
use crate::review::queue::testing;

const FREE: &str = r#"
name = "Hello"
stage = "win-back"
goal = "Say hello"
channel = "sms"
language = "en"
tone = "warm"
[defaults]
segment_category = "our range"
[message]
body = """{{ write("A line about {{ segment_category }}.", free=true, limit=140, fallback=["Come and see.", "Look in again."]) }} {{ unsubscribe }}"""
"#;

fn slotted() -> String {
    FREE.replace("free=true, ", "")
}

fn fine(_: &Draft, _: &[String]) -> Vec<Check> {
    Vec::new()
}

struct Shop {
    _folder: tempfile::TempDir,
    store: Store,
    at: i64,
}

impl Shop {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("perennial.db")).unwrap();
        Self { _folder: folder, store, at: 0 }
    }

    fn draft(&mut self, source: &str, text: &str, change: impl FnOnce(&mut Draft)) -> DraftId {
        // A segment of its own for each, as one variant goes to a group.
        self.at += 1;
        let mut draft = testing::draft(&format!("S{}", self.at), "hello", &[text]);
        draft.strategy_version = format!("{:x}", source.len());
        draft.fields.insert("segment_category".into(), "tea".into());
        draft.fields.insert("shop_name".into(), "Harbour".into());
        draft.fields.insert("first_name".into(), "Will".into());
        draft.fields.insert("unsubscribe".into(), "STOP".into());
        change(&mut draft);
        self.store.add_drafts(&[draft], source, self.at).unwrap()[0]
    }

    fn approve(&mut self, id: DraftId, by: Author) {
        self.store.approve(id, 1, by, &fine).unwrap();
    }

    fn edit(&mut self, id: DraftId, text: &str) {
        self.store.edit(id, 1, Author::Person, 0, text).unwrap();
    }

    fn gathered(&self) -> (Lessons, Vec<Lesson>) {
        self.gathered_beside(&[])
    }

    fn gathered_beside(&self, now: &[strategy::Strategy]) -> (Lessons, Vec<Lesson>) {
        let lessons = gather(&self.store, now).unwrap();
        let mut all = [&lessons.learnt[..], &lessons.held_out].concat();
        all.sort_by_key(|lesson| lesson.draft);
        (lessons, all)
    }
}

#[test]
fn people_s_decisions_that_stand_are_learnt_with_their_weights() {
    let mut shop = Shop::new();
    let approved = shop.draft(FREE, "Good tea is here.", |_| {});
    shop.approve(approved, Author::Person);
    let edited = shop.draft(FREE, "Tea here.", |_| {});
    shop.edit(edited, "Will, a pot of tea is ready.");
    // By the program, undone, and nothing decided: none of them counts.
    let run = shop.draft(FREE, "By the program.", |_| {});
    shop.approve(run, Author::Program);
    let undone = shop.draft(FREE, "Undone.", |_| {});
    shop.approve(undone, Author::Person);
    shop.store.undo(Some(undone), 2, Author::Person).unwrap();
    let unedited = shop.draft(FREE, "Edited and undone.", |_| {});
    shop.edit(unedited, "Something else.");
    shop.store.undo(Some(unedited), 2, Author::Person).unwrap();
    shop.draft(FREE, "Open.", |_| {});
    let (lessons, all) = shop.gathered();
    let seen: Vec<_> =
        all.iter().map(|lesson| (lesson.draft, lesson.text.as_str(), lesson.source, lesson.weight)).collect();
    assert_eq!(
        seen,
        [
            (approved, "Good tea is here.", Source::Approved, APPROVAL_WEIGHT),
            (edited, "{first_name}, a pot of tea is ready.", Source::Edited, EDIT_WEIGHT),
        ]
    );
    assert_eq!(
        all[0].prompt,
        "Task: A line about tea.\nFor: text message, win-back. Tone: warm. At most 140 characters, 1 sentence.\nText:"
    );
    assert_eq!((lessons.held_out.len(), lessons.left_out.len()), (1, 0));
    let error = lessons.check().unwrap_err().to_string();
    assert!(error.contains("2 texts") && error.contains("it takes 8") && error.contains("review"), "{error}");
}

#[test]
fn what_nobody_can_learn_from_is_left_out_and_counted() {
    let mut shop = Shop::new();
    let own = shop.draft(FREE, "Come and see.", |draft| {
        draft.slots[0].finish_reason = FinishReason::Template;
        draft.slots[0].tokens = 0;
    });
    shop.approve(own, Author::Person);
    // Touched by a person it is theirs.
    let touched = shop.draft(FREE, "Look in again.", |draft| {
        draft.slots[0].finish_reason = FinishReason::Template;
    });
    shop.edit(touched, "Look in again soon.");
    let doubtful = shop.draft(FREE, "Will you come for tea?", |_| {});
    shop.approve(doubtful, Author::Person);
    let mail = shop.draft(FREE, "Tea.", |_| {});
    shop.edit(mail, "Write to team@harbour.example.");
    let slot = shop.draft(&slotted(), "Tea.", |_| {});
    shop.edit(slot, "Will, here is tea.");
    let lost = shop.draft("name = 1", "Tea is lost.", |_| {});
    shop.approve(lost, Author::Person);
    for _ in 0..2 {
        let same = shop.draft(FREE, "The same tea.", |_| {});
        shop.approve(same, Author::Person);
    }
    let (lessons, all) = shop.gathered();
    let texts: Vec<&str> = all.iter().map(|lesson| lesson.text.as_str()).collect();
    assert_eq!(texts, ["Look in again soon.", "The same tea."]);
    let left_out: Vec<_> = lessons.left_out.iter().map(|left_out| (left_out.why, left_out.texts)).collect();
    assert_eq!(
        left_out,
        [(Why::Personal, 2), (Why::OwnText, 1), (Why::NoTemplate, 1), (Why::NoFields, 1), (Why::Twice, 1)]
    );
    // The strategy's own text is nobody's worse text.
    assert!(lessons.pairs.is_empty());
}

#[test]
fn an_edit_of_more_sentences_is_learnt_as_one_and_told() {
    let mut shop = Shop::new();
    let edited = shop.draft(FREE, "Tea is here.", |draft| {
        // The numbers of the limits are nobody's: one order, one sentence.
        draft.fields.insert("order_count".into(), 1.into());
    });
    shop.edit(edited, "The kettle is on. Come and see");
    let (lessons, all) = shop.gathered();
    assert!(lessons.left_out.is_empty(), "{:?}", lessons.left_out);
    assert!(all[0].prompt.ends_with("At most 140 characters, 2 sentences.\nText:"), "{}", all[0].prompt);
    let longer = Longer { strategy: "hello".into(), texts: 1, sentences: 2, asked: 1 };
    assert_eq!(lessons.counts().longer, [longer]);
    // Once the strategy asks for as many there is nothing to tell.
    let raised = FREE.replace("free=true, ", "free=true, sentences=2, ");
    let (lessons, _) = shop.gathered_beside(&[strategy::parse("hello", &raised).unwrap()]);
    assert!(lessons.longer.is_empty() && lessons.len() == 1, "{:?}", lessons.longer);
}

#[test]
fn a_number_in_the_request_that_may_be_the_customer_s_is_left_out() {
    let mut shop = Shop::new();
    let source = FREE.replace("A line about", "A line about 3 kinds of");
    let counted = shop.draft(&source, "Tea is here.", |draft| {
        draft.fields.insert("order_count".into(), 3.into());
    });
    shop.approve(counted, Author::Person);
    let (lessons, all) = shop.gathered();
    assert!(all.is_empty() && lessons.left_out[0].why == Why::Personal, "{all:?}");
}

#[test]
fn whom_a_draft_was_shown_for_is_known_also_where_its_strategy_is_lost() {
    let mut shop = Shop::new();
    shop.draft("this is no strategy", "Tea here.", |draft| {
        draft.fields.insert("first_name".into(), "Zubeyde".into());
    });
    let named = shop.draft(FREE, "Zubeyde likes our tea.", |_| {});
    shop.approve(named, Author::Person);
    let (lessons, all) = shop.gathered();
    assert!(all.is_empty(), "{all:?}");
    assert_eq!(lessons.left_out, [LeftOut { why: Why::Personal, texts: 1, drafts: vec![named] }]);
}

#[test]
fn edits_and_rejections_are_pairs() {
    let mut shop = Shop::new();
    let edited = shop.draft(FREE, "Tea here.", |_| {});
    shop.edit(edited, "A pot of tea is ready.");
    let approved = shop.draft(FREE, "Good tea is here.", |_| {});
    shop.approve(approved, Author::Person);
    let rejected = shop.draft(FREE, "BUY Will's tea.", |_| {});
    shop.store.reject(rejected, 3, Author::Person, "loud").unwrap();
    // Of another request it says nothing, and nothing after it was undone.
    let other = shop.draft(FREE, "BUY pots.", |draft| {
        draft.fields.insert("segment_category".into(), "pots".into());
    });
    shop.store.reject(other, 3, Author::Person, "loud").unwrap();
    let undone = shop.draft(FREE, "Well.", |_| {});
    shop.store.reject(undone, 3, Author::Person, "loud").unwrap();
    shop.store.undo(Some(undone), 4, Author::Person).unwrap();
    let (lessons, _) = shop.gathered();
    assert_eq!(lessons.rejected, ["BUY pots.", "BUY {first_name}'s tea."]);
    let held_out: Vec<&str> = lessons.held_out.iter().map(|lesson| lesson.text.as_str()).collect();
    let mut wanted = vec![
        ("A pot of tea is ready.", "Tea here.", true),
        ("Good tea is here.", "BUY {first_name}'s tea.", false),
    ];
    // What is held out is not learnt as the better one either.
    wanted.retain(|(chosen, ..)| !held_out.contains(chosen));
    let pairs: Vec<_> = lessons
        .pairs
        .iter()
        .map(|pair| (pair.chosen.as_str(), pair.rejected.as_str(), pair.edited))
        .collect();
    assert_eq!((pairs, held_out.len()), (wanted, 1));
    assert!(!lessons.has_preferences() && !lessons.counts().preferences_used);
}

#[test]
fn a_fifth_is_held_out_and_stays_so() {
    let mut shop = Shop::new();
    let mut held_out: Vec<String> = Vec::new();
    for number in 0..60 {
        let id = shop.draft(
            FREE,
            &format!("Tea of kind {}.", ["a", "b", "c"][number % 3].repeat(number + 1)),
            |_| {},
        );
        shop.approve(id, Author::Person);
        if number % 20 == 19 {
            let (lessons, all) = shop.gathered();
            assert_eq!(all.len(), number + 1);
            let now: Vec<String> = lessons.held_out.iter().map(|lesson| lesson.text.clone()).collect();
            assert!(held_out.iter().all(|text| now.contains(text)));
            assert!((1..=number.div_ceil(2)).contains(&now.len()));
            held_out = now;
        }
    }
    assert!(shop.gathered().0.check().is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// Whoever the drafts were shown for and whatever is written: no name of theirs is in a prompt or a text.
    #[test]
    fn nobody_is_in_what_is_learnt(
        drafts in prop::collection::vec(("[A-Z][a-z]{3,6}", "[a-z]{2,5}( [a-z]{2,5}){0,3}", any::<bool>(), 0..3_usize), 1..6),
    ) {
        let mut shop = Shop::new();
        for (name, words, edited, place) in &drafts {
            let said = match place {
                0 => words.clone(),
                1 => format!("{name}, {words}"),
                _ => format!("{words} for {name}."),
            };
            let id = shop.draft(FREE, &said, |draft| {
                draft.fields.insert("first_name".into(), name.clone().into());
            });
            if *edited {
                shop.edit(id, &format!("Again: {said}"));
            } else {
                shop.approve(id, Author::Person);
            }
        }
        let (lessons, all) = shop.gathered();
        let texts = all.iter().flat_map(|lesson| [&lesson.prompt, &lesson.text]);
        let texts: Vec<&String> = texts.chain(lessons.pairs.iter().flat_map(|pair| [&pair.chosen, &pair.rejected])).collect();
        for text in texts {
            for (name, ..) in &drafts {
                prop_assert!(text.split(|c: char| !c.is_alphanumeric()).all(|word| word != name), "{name} in {text}");
            }
        }
    }
}
