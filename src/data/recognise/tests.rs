use super::*;

#[test]
fn the_synonyms_name_the_columns_that_the_tables_have() {
    let words = Words::load().unwrap();
    for table in Table::ALL {
        let mut named: Vec<&str> = words.table(table).columns.keys().map(String::as_str).collect();
        let mut known = table.columns().to_vec();
        named.sort_unstable();
        known.sort_unstable();
        assert_eq!(named, known, "{}", table.name());
        for (column, words) in &words.table(table).columns {
            assert_eq!(column, &words.names[0], "the first name is the column's own");
        }
    }
}

fn mapped(table: Table, columns: &[&str]) -> Vec<(&'static str, String)> {
    let columns: Vec<String> = columns.iter().map(ToString::to_string).collect();
    let words = Words::load().unwrap();
    let candidate = Candidate { name: "file", named: false, columns: &columns, sample: &Rows::default() };
    let mapping = map_columns(&words, table, &candidate, &BTreeSet::new(), &DataConfig::default()).unwrap();
    mapping
        .columns
        .into_iter()
        .filter_map(|(column, source, _)| source.map(|at| (column, columns[at].clone())))
        .collect()
}

#[test]
fn columns_are_known_by_their_chinese_and_english_names() {
    assert_eq!(
        mapped(Table::Orders, &["订单编号", "会员编号", "下单时间", "实付金额", "商品编号", "数量"]),
        [
            ("customer_id", "会员编号".to_owned()),
            ("ordered_at", "下单时间".to_owned()),
            ("amount", "实付金额".to_owned()),
            ("order_id", "订单编号".to_owned()),
            ("product_id", "商品编号".to_owned()),
            ("quantity", "数量".to_owned()),
        ]
    );
    assert_eq!(
        mapped(
            Table::Orders,
            &["InvoiceNo", "StockCode", "Quantity", "InvoiceDate", "UnitPrice", "Customer ID"]
        ),
        [
            ("customer_id", "Customer ID".to_owned()),
            ("ordered_at", "InvoiceDate".to_owned()),
            ("order_id", "InvoiceNo".to_owned()),
            ("product_id", "StockCode".to_owned()),
            ("quantity", "Quantity".to_owned()),
            ("unit_price", "UnitPrice".to_owned()),
        ]
    );
}
