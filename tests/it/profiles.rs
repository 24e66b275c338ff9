//! Profiles of small shops that can be counted by hand, of the sample shop, and of a shop without names and
//! products.

#![expect(clippy::float_cmp, reason = "shares of small whole numbers are exact")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use jiff::civil::date;
use perennial::config::{Config, DataConfig};
use perennial::data::{self, Channel, Shop};
use perennial::features::{self, Feature, Features};
use perennial::jobs::{Cancel, Task, unwatched};
use perennial::profiles::{self, ClusterProfile};
use perennial::segments::{self, Options, Segmentation};
use perennial::strategy::{self, Purchases, Strategy};

struct Read {
    shop: Shop,
    features: Features,
    segmentation: Segmentation,
}

impl Read {
    fn profiles(&self) -> Vec<ClusterProfile> {
        unwatched(|task| profiles::clusters(&self.shop, &self.features, &self.segmentation, task)).unwrap()
    }
}

fn read(folder: &Path, k: Option<usize>, as_of: Option<jiff::civil::Date>) -> Read {
    unwatched(|task| {
        let shop = data::load(&[folder.to_owned()], &DataConfig::default(), task).unwrap();
        let features = features::compute(&shop, as_of, task).unwrap();
        let options = Options { k, seed: 7, names: BTreeMap::new() };
        let segmentation = segments::segment(&features, &options, task).unwrap();
        Read { shop, features, segmentation }
    })
}

fn sample_data(shop: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-data").join(shop)
}

/// Three people who buy much in Berlin at breakfast, three who buy little in Shanghai before midnight.
fn two_kinds() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut customers = String::from(
        "customer_id,first_name,last_name,email,phone,language,time_zone,email_consent,sms_consent\n",
    );
    let mut orders =
        String::from("order_id,customer_id,ordered_at,product_id,quantity,amount,status,currency\n");
    let mut number = 0;
    for person in 0..3 {
        customers +=
            &format!("big{person},Anna,Berg,anna{person}@example.com,,de-AT,Europe/Berlin,true,true\n");
        customers +=
            &format!("small{person},晓雨,李,,+8610000000{person},,Asia/Shanghai,true,{}\n", person == 0);
        for month in 1..=6 {
            number += 1;
            // Wednesday, 15 January 2025 and after: 07:30 UTC is 08:30 in a Berlin winter, 09:30 in summer.
            let at = format!("2025-{month:02}-15T07:30:00Z");
            orders += &format!("o{number},big{person},{at},chair,1,{}.00,paid,EUR\n", 200 + person);
            orders += &format!("o{number},big{person},{at},lamp,1,{}.00,paid,EUR\n", 100 + person);
        }
        orders += &format!("r{person},big{person},2025-06-20T10:00:00Z,chair,-1,-200.00,returned,EUR\n");
        number += 1;
        // 15:30 UTC is 23:30 in Shanghai, all year.
        orders += &format!("o{number},small{person},2025-06-02T15:30:00Z,lamp,1,1{person}.00,paid,EUR\n");
    }
    fs::write(folder.path().join("customers.csv"), customers).unwrap();
    fs::write(folder.path().join("orders.csv"), orders).unwrap();
    fs::write(
        folder.path().join("products.csv"),
        "product_id,name,category,price\nchair,Chair,Furniture,200\nlamp,Lamp,Lighting,100\n",
    )
    .unwrap();
    folder
}

#[test]
fn a_cluster_is_counted_as_a_hand_would_count_it() {
    let folder = two_kinds();
    let read = read(folder.path(), Some(2), None);
    let profiles = read.profiles();
    let big = &profiles[read.segmentation.cluster_of(read.shop.customers.row_of("big0").unwrap()).unwrap()];
    let small =
        &profiles[read.segmentation.cluster_of(read.shop.customers.row_of("small0").unwrap()).unwrap()];

    assert_eq!((big.size, small.size), (3, 3));
    assert_eq!(big.share_of_customers, 0.5);
    // Six orders of 300, 302 and 304 each, less a chair each; against 10, 11 and 12.
    let (much, little) = (6.0 * (300.0 + 302.0 + 304.0) - 600.0, 33.0);
    assert!((big.share_of_revenue - much / (much + little)).abs() < 1e-12);

    let categories = |profile: &ClusterProfile| -> Vec<(String, u64)> {
        profile.top_categories.iter().map(|portion| (portion.name.clone(), portion.count)).collect()
    };
    // What came back was bought all the same, but not bought again.
    assert_eq!(categories(big), [("Furniture".to_owned(), 18), ("Lighting".to_owned(), 18)]);
    assert_eq!(categories(small), [("Lighting".to_owned(), 3)]);

    let (hours, night) = (big.hours.unwrap(), small.hours.unwrap());
    assert_eq!(hours[8], 0.5, "January, February and March are winter in Berlin");
    assert_eq!(hours[9], 0.5);
    assert_eq!(night[23], 1.0);
    assert_eq!(small.weekdays, [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], "2 June 2025 was a Monday");

    let languages = |profile: &ClusterProfile| -> Vec<String> {
        profile.languages.iter().map(|portion| portion.name.clone()).collect()
    };
    assert_eq!(languages(big), ["de"]);
    assert_eq!(languages(small), ["zh"], "told by the script of the name where the language is missing");

    let reach =
        |profile: &ClusterProfile| profile.reach.iter().map(|reach| reach.customers).collect::<Vec<_>>();
    assert_eq!(reach(big), [3, 0, 0], "SMS needs a number, whatever was agreed to");
    assert_eq!(reach(small), [0, 1, 0]);

    assert_eq!(big.active_members, (1..=6).map(|month| (date(2025, month, 1), 3)).collect::<Vec<_>>());
    assert_eq!(small.active_members.last(), Some(&(date(2025, 6, 1), 3)));
}

#[test]
fn what_happens_after_the_reference_date_is_not_seen() {
    let folder = two_kinds();
    let read = read(folder.path(), Some(2), Some(date(2025, 6, 1)));
    assert_eq!(read.segmentation.not_clustered, 3, "the small ones come on 2 June");
    let mut profiles = read.profiles();
    let waiting = profiles.pop().unwrap();
    assert_eq!((waiting.size, waiting.share_of_revenue), (3, 0.0));
    assert!(waiting.active_members.is_empty() && waiting.top_categories.is_empty());
    for profile in profiles {
        let active: u64 = profile.active_members.iter().map(|month| month.1).sum();
        assert_eq!(active, 5 * profile.size as u64);
        assert_eq!(profile.active_members.last(), Some(&(date(2025, 6, 1), 0)));
        assert!(profile.top_categories.iter().all(|portion| portion.count == 5 * profile.size as u64));
    }
    let customer = |id: &str| {
        let row = read.shop.customers.row_of(id).unwrap();
        profiles::customer(&read.shop, &read.features, &read.segmentation, row).unwrap()
    };
    assert_eq!((customer("big0").orders.len(), customer("small0").orders.len()), (10, 0));
    assert!(customer("small0").top_categories.is_empty());
}

#[test]
fn a_customer_is_told_with_their_orders_and_the_way_to_them() {
    let folder = two_kinds();
    let read = read(folder.path(), Some(2), None);
    let row = read.shop.customers.row_of("big0").unwrap();
    let profile = profiles::customer(&read.shop, &read.features, &read.segmentation, row).unwrap();
    assert_eq!(profile.orders.len(), 13);
    assert!(profile.orders.is_sorted_by_key(|line| line.at));
    assert_eq!(profile.channels, [Channel::Email]);
    assert_eq!(profile.top_categories.len(), 2);
    let orders = profile.features.iter().find(|(feature, _)| *feature == Feature::Orders);
    assert_eq!(orders.map(|&(_, value)| value), Some(6.0));
    let membership = profile.membership.unwrap();
    let (next, distance) = membership.next.unwrap();
    assert_ne!(next, membership.cluster);
    assert!(distance > membership.distance);
}

#[test]
fn the_sample_shop_adds_up() {
    let read = read(&sample_data("shop"), None, None);
    let profiles = read.profiles();
    assert_eq!(profiles.len(), read.segmentation.k + 1, "and those who have not bought yet");
    let total: f64 = profiles.iter().map(|profile| profile.share_of_revenue).sum();
    assert!((total - 1.0).abs() < 1e-9);
    let members: usize = profiles.iter().map(|profile| profile.size).sum();
    assert_eq!(members, 3_000);
    let waiting = &profiles[read.segmentation.k];
    assert_eq!(waiting.size, read.segmentation.not_clustered);
    assert_eq!(waiting.representatives.len(), 5);
    for profile in &profiles[..read.segmentation.k] {
        assert!((profile.weekdays.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        assert!((profile.hours.unwrap().iter().sum::<f64>() - 1.0).abs() < 1e-9);
        // People order in the evening of their own day, wherever they live, and not before dawn.
        let hours = profile.hours.unwrap();
        assert!(hours[19..22].iter().sum::<f64>() > 8.0 * hours[2..5].iter().sum::<f64>(), "{hours:?}");
        assert_eq!(profile.active_members.len(), 24);
        assert_eq!(profile.top_categories.len(), 12);
        let people: BTreeSet<usize> = profile.representatives.iter().copied().collect();
        assert_eq!(people.len(), 5);
        assert!(people.iter().all(|&row| read.segmentation.cluster_of(row) == Some(profile.cluster)));
    }
}

#[test]
fn a_shop_without_names_and_products_has_profiles_too() {
    let read = read(&sample_data("cdnow"), None, None);
    let profiles = read.profiles();
    for profile in &profiles {
        assert!(profile.hours.is_none(), "days have no hours");
        assert!((profile.weekdays.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        assert!(profile.top_categories.is_empty());
        assert!(profile.languages.is_empty());
        assert!(profile.reach.iter().all(|reach| reach.customers == 0));
        assert_eq!(profile.active_members.len(), 18);
    }
    let text = profiles::markdown(&read.shop, &read.features, &read.segmentation, &profiles);
    assert!(!text.contains("NaN"), "{text}");
    assert!(!text.contains("Buys most"), "{text}");
    assert!(text.contains("2,357 customers with an order"), "{text}");
}

#[test]
fn the_text_names_every_segment_in_both_languages() {
    let read = read(&sample_data("shop"), None, None);
    let text = profiles::markdown(&read.shop, &read.features, &read.segmentation, &read.profiles());
    for cluster in &read.segmentation.clusters {
        assert!(text.contains(&format!("## {}  {} · {}\n", cluster.id, cluster.name, cluster.names.zh)));
    }
    assert!(text.ends_with('\n') && !text.ends_with("\n\n"));
    assert!(!text.contains("NaN"));
}

/// The strategy of that language whose message is these words, written for those who have not bought yet.
fn strategy(language: &str, body: &str) -> Strategy {
    let source = format!(
        "name = \"Test\"\nstage = \"acquisition\"\ngoal = \"Test\"\nchannel = \"push\"\nlanguage = \"{language}\"\n\
         tone = \"warm\"\n[defaults]\nfavourite_category = \"-\"\nlast_product = \"-\"\nsegment_category = \"-\"\n\
         segment_second_category = \"-\"\nlast_order_month = \"-\"\n[message]\ntitle = \"Test\"\nbody = \"{body}\"\n"
    );
    strategy::parse("test", &source).unwrap_or_else(|problems| panic!("{problems:?}"))
}

#[test]
fn a_catalogue_in_two_languages_speaks_both_in_messages() {
    let folder = two_kinds();
    fs::write(
        folder.path().join("products.csv"),
        "product_id,name,name_zh,category,category_zh,price\nchair,Chair,椅子,Furniture,家具,200\nlamp,Lamp,,Lighting,,100\n",
    )
    .unwrap();
    let read = read(folder.path(), Some(2), None);
    let row = read.shop.customers.row_of("big0").unwrap();
    let profiles = read.profiles();
    let profile = &profiles[read.segmentation.cluster_of(row).unwrap()];
    let body =
        "{{ favourite_category }} {{ last_product }} {{ segment_category }} {{ segment_second_category }}";
    let told = |language: &str| {
        let strategy = strategy(language, body);
        let day = date(2025, 7, 1);
        let config = Config::default();
        let segment =
            strategy::facts_for_segment(&read.segmentation, profile, &strategy, &config, "EUR", day);
        let alone =
            strategy::facts_for_customer(&read.shop, &read.features, row, &strategy, &segment).unwrap();
        let recipients: Vec<u32> = (0..read.shop.customers.len() as u32).collect();
        let purchases = unwatched(|task| {
            Purchases::of(&read.shop, read.features.as_of, &recipients, &strategy, &[], task).unwrap()
        });
        let among_all =
            strategy::facts_for_recipient(&read.shop, &read.features, row, &strategy, &segment, &purchases);
        assert_eq!(alone, among_all, "one pass over all orders says the same");
        ["favourite_category", "last_product", "segment_category", "segment_second_category"]
            .map(|field| alone[field].as_str().unwrap().to_owned())
    };
    // Chairs and lamps are bought as often and as late, and the lamp stands last in the file.
    assert_eq!(told("en"), ["Lighting", "Lamp", "Furniture", "Lighting"]);
    assert_eq!(told("zh"), ["家具", "-", "家具", "-"], "what has no Chinese name is passed over");
}

#[test]
fn what_is_said_of_one_order_is_true_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut orders = String::from("order_id,customer_id,ordered_at,product_id,quantity,unit_price\n");
    for customer in 0..30 {
        orders += &format!(
            "x{customer},c{customer},2025-01-{:02}T10:00:00Z,p1,1,{}.00\n",
            1 + customer % 9,
            5 + customer
        );
    }
    // Two lines of one order, late in the evening by UTC: in Shanghai the month has begun.
    orders += "o1,once,2025-03-31T20:00:00Z,p1,1,5.00\no1,once,2025-03-31T20:00:00Z,p1,1,5.00\n";
    orders += "o2,twice,2025-03-01T10:00:00Z,p1,1,5.00\no3,twice,2025-03-31T20:00:00Z,p1,1,5.00\n";
    fs::write(folder.path().join("orders.csv"), orders).unwrap();
    fs::write(folder.path().join("products.csv"), "product_id,name,category\np1,Lamp,Lighting\n").unwrap();
    let mut customers = String::from("customer_id,time_zone\nonce,Asia/Shanghai\ntwice,Europe/London\n");
    (0..30).for_each(|customer| customers += &format!("c{customer},\n"));
    fs::write(folder.path().join("customers.csv"), customers).unwrap();
    let read = read(folder.path(), Some(2), None);
    let strategy = strategy("en", "{{ favourite_category }} {{ last_order_month }}");
    let told = |id: &str| {
        let row = read.shop.customers.row_of(id).unwrap();
        let none = strategy::Facts::new();
        let facts = strategy::facts_for_customer(&read.shop, &read.features, row, &strategy, &none).unwrap();
        ["favourite_category", "last_order_month"].map(|field| facts[field].as_str().unwrap().to_owned())
    };
    assert_eq!(told("once"), ["-", "April 2025"], "one order makes no favourite");
    assert_eq!(told("twice"), ["Lighting", "March 2025"]);
}

#[test]
fn facts_do_not_tell_what_was_bought_after_the_reference_date() {
    let folder = two_kinds();
    let orders = folder.path().join("orders.csv");
    let more = "late,big0,2025-06-28T10:00:00Z,lamp,1,100.00,paid,EUR\n".repeat(9);
    fs::write(&orders, fs::read_to_string(&orders).unwrap() + &more.replace("late", "l1")).unwrap();
    let favourite = |as_of| {
        let read = read(folder.path(), Some(2), as_of);
        let row = read.shop.customers.row_of("big0").unwrap();
        let strategy = strategy("en", "{{ favourite_category }} {{ last_product }}");
        let facts =
            strategy::facts_for_customer(&read.shop, &read.features, row, &strategy, &strategy::Facts::new())
                .unwrap();
        facts["last_product"].as_str().unwrap().to_owned()
    };
    let chairs = "l2,big0,2025-06-30T10:00:00Z,chair,1,200.00,paid,EUR\n";
    fs::write(&orders, fs::read_to_string(&orders).unwrap() + chairs).unwrap();
    assert_eq!(favourite(None), "Chair");
    assert_eq!(favourite(Some(date(2025, 6, 29))), "Lamp");
}

#[test]
fn those_who_have_not_bought_yet_can_be_written_to() {
    let read = read(&sample_data("shop"), None, None);
    let profiles = read.profiles();
    let group = read.segmentation.not_bought().unwrap();
    let fitting: Vec<&str> = strategy::shipped()
        .iter()
        .filter(|file| {
            let strategy = strategy::parse(file.id, file.source).unwrap();
            strategy::fits(&strategy, group, &profiles[read.segmentation.k]).is_fit()
        })
        .map(|file| file.id)
        .collect();
    assert_eq!(fitting, ["welcome-email-en", "welcome-email-zh", "first-order-push-en"]);
}

#[test]
fn profiling_stops_when_it_is_asked_to() {
    let folder = two_kinds();
    let read = read(folder.path(), Some(2), None);
    let cancel = Cancel::default();
    cancel.cancel();
    let stopped =
        profiles::clusters(&read.shop, &read.features, &read.segmentation, &Task::new(&cancel, &|_| {}));
    assert!(matches!(stopped, Err(data::DataError::Cancelled(_))));
}
