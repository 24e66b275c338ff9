//! The same shop in every encoding, layout and format.

use std::fs::File;

use perennial::config::DataConfig;
use polars::prelude::{Column, DataFrame, ParquetWriter};

use super::{Folder, codes, gzipped, lines, load};

const CUSTOMERS: &str = "customer_id,first_name,last_name,language,email_consent\n\
    C1,小龙,李,zh-CN,是\nC2,Zoë,\"O'Neil, Jr.\",en,no\nC3,芳,王,中文,\n";
const ORDERS: &str = "order_id,customer_id,ordered_at,amount\n\
    1,C1,2025-11-01 10:30:00,12.50\n2,C2,2025-11-02 00:00:00,1299.00\n3,C1,2025-11-03 08:00:00,7.00\n";

fn is_the_shop(customers: &[u8], orders: &[u8], names: (&str, &str), what: &str) {
    let shop = Folder::with(&[(names.0, customers), (names.1, orders)])
        .load()
        .unwrap_or_else(|error| panic!("{what}: {error}"));
    assert_eq!(shop.customers.display_name(0), "李小龙", "{what}");
    assert_eq!(shop.customers.display_name(1), "Zoë O'Neil, Jr.", "{what}");
    assert_eq!(shop.customers.text(2, "language"), Some("zh"), "{what}");
    assert_eq!(
        (0..3).map(|row| shop.customers.consent(row, perennial::data::Channel::Email)).collect::<Vec<_>>(),
        [Some(true), Some(false), None],
        "{what}"
    );
    assert_eq!(shop.customers.row_of("C3"), Some(2), "{what}");
    assert_eq!(
        lines(&shop),
        [
            ("C1".to_owned(), 1_761_993_000_000, 1250, false),
            ("C1".to_owned(), 1_762_156_800_000, 700, false),
            ("C2".to_owned(), 1_762_041_600_000, 129_900, false),
        ],
        "{what}"
    );
    assert!(shop.orders_have_time, "{what}");
    for table in &shop.report.tables {
        assert_eq!(table.rows_read, 3, "{what}");
        assert_eq!(table.rows_kept, 3, "{what}: {table:?}");
    }
}

fn utf16(text: &str, little: bool, mark: bool) -> Vec<u8> {
    let text = format!("{}{text}", if mark { "\u{feff}" } else { "" });
    text.encode_utf16()
        .flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() })
        .collect()
}

#[test]
fn every_encoding_gives_the_same_names() {
    let names = ("customers.csv", "orders.csv");
    let in_each = |convert: &dyn Fn(&str) -> Vec<u8>, what: &str| {
        is_the_shop(&convert(CUSTOMERS), &convert(ORDERS), names, what);
        is_the_shop(
            &gzipped(&convert(CUSTOMERS)),
            &gzipped(&convert(ORDERS)),
            ("customers.csv.gz", "orders.csv.gz"),
            what,
        );
    };
    in_each(&|text| text.as_bytes().to_vec(), "UTF-8");
    in_each(&|text| format!("\u{feff}{text}").into_bytes(), "UTF-8 with a mark");
    for little in [true, false] {
        for mark in [true, false] {
            in_each(&|text| utf16(text, little, mark), &format!("UTF-16, little {little}, mark {mark}"));
        }
    }
    in_each(&|text| encoding_rs::GB18030.encode(text).0.into_owned(), "GB18030");
}

#[test]
fn western_single_bytes_are_not_taken_for_chinese() {
    let orders = "customer_id,ordered_at,amount\n1,2025-01-01,2\n";
    let customers = "customer_id,first_name,city\n1,Jürgen,Köln\n2,André,Besançon\n3,Åsa,Malmö\n";
    let bytes = encoding_rs::WINDOWS_1252.encode(customers).0;
    let shop =
        Folder::with(&[("customers.csv", bytes.as_ref()), ("orders.csv", orders.as_bytes())]).load().unwrap();
    assert_eq!(shop.customers.text(0, "first_name"), Some("Jürgen"));
    assert_eq!(shop.customers.text(1, "city"), Some("Besançon"));
    assert_eq!(shop.customers.text(2, "first_name"), Some("Åsa"));
    assert!(codes(&shop).contains(&"guessed-encoding"));
}

#[test]
fn every_delimiter_and_line_end_gives_the_same_rows() {
    let names = ("customers.csv", "orders.csv");
    for delimiter in [";", "\t", "|"] {
        let change = |text: &str| {
            text.replace("\"O'Neil, Jr.\"", "O'Neil# Jr.").replace(',', delimiter).replace('#', ",")
        };
        is_the_shop(change(CUSTOMERS).as_bytes(), change(ORDERS).as_bytes(), names, delimiter);
        let declared = |text: &str| format!("sep={delimiter}\r\n{}", change(text));
        is_the_shop(declared(CUSTOMERS).as_bytes(), declared(ORDERS).as_bytes(), names, "declared");
    }
    for end in ["\r\n", "\r", "\n\n"] {
        let change = |text: &str| text.replace('\n', end);
        is_the_shop(change(CUSTOMERS).as_bytes(), change(ORDERS).as_bytes(), names, end);
    }
    let unended = |text: &'static str| text.trim_end().as_bytes();
    is_the_shop(unended(CUSTOMERS), unended(ORDERS), names, "no line end at the end");
    let quoted = |text: &str| {
        let mut out = String::new();
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let mut write = |record: &csv::StringRecord| {
            let cells: Vec<String> = record.iter().map(|cell| format!("\"{cell}\"")).collect();
            out.push_str(&format!("{}\r\n", cells.join(",")));
        };
        write(&reader.headers().unwrap().clone());
        reader.records().for_each(|record| write(&record.unwrap()));
        out
    };
    is_the_shop(quoted(CUSTOMERS).as_bytes(), quoted(ORDERS).as_bytes(), names, "all quoted");
}

#[test]
fn ndjson_gives_the_same_shop() {
    let customers = r#"{"customer_id":"C1","first_name":"小龙","last_name":"李","language":"zh-CN","email_consent":true}
{"customer_id":"C2","first_name":"Zo\u00eb","last_name":"O'Neil, Jr.","language":"en","email_consent":false}

{"customer_id":"C3","first_name":"芳","last_name":"王","language":"中文","email_consent":null}
"#;
    let orders = r#"{"order_id":1,"customer":{"id":"C1"},"ordered_at":"2025-11-01T10:30:00Z","amount":12.5}
{"order_id":2,"customer":{"id":"C2"},"ordered_at":1762041600000,"amount":1299}
{"order_id":3,"amount":7.0,"ordered_at":"2025-11-03 08:00","customer":{"id":"C1"}}"#;
    is_the_shop(customers.as_bytes(), orders.as_bytes(), ("customers.ndjson", "orders.jsonl"), "NDJSON");
    is_the_shop(
        &gzipped(customers.as_bytes()),
        &gzipped(orders.as_bytes()),
        ("customers.ndjson.gz", "orders.jsonl.gz"),
        "gzipped NDJSON",
    );
}

#[test]
fn parquet_may_store_its_columns_in_any_type() {
    use polars::prelude::{Categories, DataType, NamedFrom, PlSmallStr, Series, TimeUnit};
    let folder = Folder::with(&[]);
    let write = |name: &str, mut frame: DataFrame| {
        ParquetWriter::new(File::create(folder.path().join(name)).unwrap()).finish(&mut frame).unwrap();
    };
    let categorical = DataType::from_categories(Categories::global());
    let cast = |column: Column, to: &DataType| column.cast(to).unwrap();
    let moment = |unit: TimeUnit| DataType::Datetime(unit, None);
    let text = |name: &str, cells: [&str; 3]| Column::new(PlSmallStr::from(name), cells);
    write(
        "customers.parquet",
        DataFrame::new_infer_height(vec![
            cast(text("customer_id", ["C1", "C2", "C3"]), &DataType::Binary),
            text("first_name", ["小龙", "Zoë", "芳"]),
            text("last_name", ["李", "O'Neil, Jr.", "王"]),
            cast(text("language", ["zh-CN", "en", "中文"]), &categorical),
            Column::new("email_consent".into(), [Some(true), Some(false), None]),
            cast(Column::new("half".into(), [0.5_f32, 1.0, 2.0]), &DataType::Float16),
        ])
        .unwrap(),
    );
    let times =
        Column::new("ordered_at".into(), [1_761_993_000_000i64, 1_762_041_600_000, 1_762_156_800_000]);
    let orders = DataFrame::new_infer_height(vec![
        cast(Column::new("order_id".into(), [1i32, 2, 3]), &DataType::UInt8),
        cast(text("customer_id", ["C1", "C2", "C1"]), &categorical),
        cast(cast(times, &moment(TimeUnit::Milliseconds)), &moment(TimeUnit::Nanoseconds)),
        cast(Column::new("amount".into(), [12.5f64, 1299.0, 7.0]), &DataType::Decimal(12, 2)),
        cast(Column::new("tax".into(), [1i32, 2, 3]), &DataType::Int16),
        Series::new("lists".into(), [1i32, 2, 3].map(|cell| Series::new("".into(), [cell, cell]))).into(),
    ])
    .unwrap();
    write("orders.parquet", orders);
    let bytes = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    is_the_shop(
        &bytes("customers.parquet"),
        &bytes("orders.parquet"),
        ("customers.parquet", "orders.parquet"),
        "Parquet of many types",
    );
}

#[test]
fn parquet_gives_the_same_shop() {
    let folder = Folder::with(&[]);
    let write = |name: &str, columns: Vec<Column>| {
        let mut frame = DataFrame::new_infer_height(columns).unwrap();
        ParquetWriter::new(File::create(folder.path().join(name)).unwrap()).finish(&mut frame).unwrap();
    };
    write(
        "customers.parquet",
        vec![
            Column::new("customer_id".into(), ["C1", "C2", "C3"]),
            Column::new("first_name".into(), ["小龙", "Zoë", "芳"]),
            Column::new("last_name".into(), ["李", "O'Neil, Jr.", "王"]),
            Column::new("language".into(), ["zh-CN", "en", "中文"]),
            Column::new("email_consent".into(), [Some(true), Some(false), None]),
        ],
    );
    let times =
        Column::new("ordered_at".into(), [1_761_993_000_000i64, 1_762_041_600_000, 1_762_156_800_000]);
    write(
        "orders.parquet",
        vec![
            Column::new("order_id".into(), [1i64, 2, 3]),
            Column::new("customer_id".into(), ["C1", "C2", "C1"]),
            times
                .cast(&polars::prelude::DataType::Datetime(polars::prelude::TimeUnit::Milliseconds, None))
                .unwrap(),
            Column::new("amount".into(), [12.5f64, 1299.0, 7.0]),
        ],
    );
    let bytes = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    is_the_shop(
        &bytes("customers.parquet"),
        &bytes("orders.parquet"),
        ("customers.parquet", "orders.parquet"),
        "Parquet",
    );
    is_the_shop(
        &gzipped(&bytes("customers.parquet")),
        &gzipped(&bytes("orders.parquet")),
        ("customers.parquet.gz", "orders.parquet.gz"),
        "gzipped Parquet",
    );
    let packed = gzipped(&bytes("orders.parquet"));
    let refused =
        |bytes: &[u8]| Folder::with(&[("orders.parquet.gz", bytes)]).load().unwrap_err().to_string();
    let told = refused(&packed[..packed.len() - 20]);
    assert!(told.contains("orders.parquet.gz") && told.contains("gzip data is damaged"), "{told}");
    let told = refused(&gzipped(&bytes("orders.parquet")[..200]));
    assert!(told.contains("orders.parquet.gz") && told.contains("Parquet data is damaged, or"), "{told}");
    let named =
        Folder::with(&[("orders.parquet", b"customer_id,ordered_at,amount\nc1,2025-01-01,5\n" as &[u8])]);
    let told = named.load().unwrap_err().to_string();
    assert!(told.contains("orders.parquet is not Parquet") && told.contains(".csv"), "{told}");
    // Begins like Parquet, and would fill the disk.
    let mut bomb = vec![0; 80 << 20];
    bomb[..4].copy_from_slice(b"PAR1");
    let told = refused(&gzipped(&bomb));
    assert!(told.contains("64 times its size"), "{told}");
}

#[test]
fn a_shop_in_chinese_is_recognised_by_names_and_columns() {
    let shop = load(&[
        ("会员.csv", "会员编号,姓名,手机号,邮件订阅\n1001,欧阳娜娜,13800138000,是\n1002,王芳,,否\n"),
        (
            "订单明细.csv",
            "订单号,会员编号,下单时间,商品编号,数量,单价,订单状态\n\
            A1,1001,2025年11月1日 10:30,P1,2,¥1,299.50,已完成\n"
                .replace("¥1,299.50", "\"¥1,299.50\"")
                .as_str(),
        ),
        ("商品.csv", "商品编号,商品名称,品类,售价\nP1,羊毛毯,家纺,¥1299.50\n"),
    ]);
    assert_eq!(shop.customers.display_name(0), "欧阳娜娜");
    assert_eq!(shop.customers.text(0, "first_name"), Some("娜娜"));
    assert_eq!(lines(&shop), [("1001".to_owned(), 1_761_993_000_000, 259_900, false)]);
    let products = shop.products.as_ref().unwrap();
    assert_eq!((products.category(0), products.price(0)), (Some("家纺"), Some(129_950)));
    assert_eq!(shop.currency, "CNY");
}

#[test]
fn a_sign_of_four_bytes_is_no_doubt_about_gb18030() {
    let mut text = "订单号,客户编号,下单时间,金额\n".to_owned();
    for order in 1..60 {
        text.push_str(&format!("A{order},1001,2025-11-01,¥{order}0.50\n"));
    }
    let bytes = encoding_rs::GB18030.encode(&text).0;
    let shop = Folder::with(&[("订单.csv", &bytes)]).load().unwrap();
    assert_eq!((shop.currency.as_str(), lines(&shop).len()), ("CNY", 59));
}

#[test]
fn dates_follow_the_whole_column_the_settings_or_are_asked_about() {
    let orders = |last: &str| format!("customer_id,ordered_at,amount\n1,01/11/2025,5\n2,{last},6\n");
    let day = |text: String, settings: &DataConfig| {
        let shop = Folder::with(&[("orders.csv", text.as_bytes())]).load_with(settings).unwrap();
        (shop.first_day.to_string(), codes(&shop).contains(&"ambiguous-date-order"))
    };
    let settings = DataConfig::default();
    assert_eq!(day(orders("13/11/2025"), &settings), ("2025-11-01".to_owned(), false));
    assert_eq!(day(orders("11/13/2025"), &settings), ("2025-01-11".to_owned(), false));
    assert_eq!(day(orders("02/11/2025"), &settings), ("2025-11-01".to_owned(), true));
    let set = DataConfig { date_order: Some("month-first".into()), ..DataConfig::default() };
    assert_eq!(day(orders("02/11/2025"), &set), ("2025-01-11".to_owned(), false));
    let both = load(&[("orders.csv", &(orders("13/11/2025") + "3,11/13/2025,7\n"))]);
    assert!(codes(&both).contains(&"mixed-date-orders") && !codes(&both).contains(&"ambiguous-date-order"));
    // The only evidence stands far beyond what is sampled.
    let mut long = String::from("customer_id,ordered_at,amount\n");
    for customer in 0..400_000 {
        long.push_str(&format!("{customer},01/02/2025,5\n"));
    }
    long.push_str("9,02/13/2025,5\n");
    assert_eq!(day(long, &settings), ("2025-01-02".to_owned(), false));
}

#[test]
fn the_decimal_comma_is_found_and_money_is_whole_cents() {
    let shop = load(&[(
        "bestellungen.csv",
        "Bestellnummer;Kundennummer;Bestelldatum;Betrag\n1;7;01.11.2025;1.299,90 €\n2;7;25.11.2025;5,00 €\n3;8;02.11.2025;1.000\n",
    )]);
    let amounts: Vec<i64> = lines(&shop).into_iter().map(|(_, _, amount, _)| amount).collect();
    assert_eq!(amounts, [129_990, 500, 100_000]);
    assert_eq!((shop.currency.as_str(), shop.currency_digits), ("EUR", 2));
    let yen = load(&[("orders.csv", "customer_id,ordered_at,amount,currency\n1,2025-01-01,1200,JPY\n")]);
    assert_eq!((lines(&yen)[0].2, yen.currency_digits), (1200, 0));
}
