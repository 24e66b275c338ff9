//! Tables as people have them, and what is said about broken ones.

use std::fs;

use super::*;

fn columns() -> Columns {
    Columns {
        arm: "arm".into(),
        converted: "converted".into(),
        revenue: Some("revenue".into()),
        control: "control".into(),
        ..Columns::default()
    }
}

fn read_text(text: &str, columns: &Columns) -> Result<Table, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.csv");
    fs::write(&path, text).unwrap();
    read(&path, columns).map_err(|error| error.to_string().replace(&path.display().to_string(), "table.csv"))
}

#[test]
fn the_control_comes_first_wherever_it_stands() {
    let table =
        read_text("arm,converted,revenue\nb,1,12.5\ncontrol,no,0\n b ,FALSE,0\nc,yes,3\n", &columns())
            .unwrap();
    assert_eq!(table.outcomes.arms, ["control", "b", "c"]);
    assert_eq!(table.outcomes.arm, [1, 0, 1, 2]);
    assert_eq!(table.outcomes.converted, [true, false, false, true]);
    assert_eq!(table.outcomes.revenue, Some(vec![12.5, 0.0, 0.0, 3.0]));
    assert!(table.scored.is_empty());
}

#[test]
fn spreadsheets_write_other_separators_and_a_mark() {
    for text in [
        "\u{feff}Arm;Converted;Revenue\r\nb;1;2\r\ncontrol;0;0\r\n",
        "arm\tconverted\trevenue\nb\t1\t2\ncontrol\t0\t0\n",
    ] {
        assert_eq!(read_text(text, &columns()).unwrap().outcomes.revenue, Some(vec![2.0, 0.0]));
    }
}

#[test]
fn scores_are_taken_or_made() {
    let text = "arm,converted,revenue,score,age\nb,1,2,0.5,30\ncontrol,0,0,0.1,40\nb,0,0,0.2,50\ncontrol,1,1,0.3,20\n";
    let table = read_text(text, &Columns { score: Some("score".into()), ..columns() }).unwrap();
    assert_eq!(table.scored[0], Scored { score: 0.5, treated: true, converted: true });
    let table = read_text(text, &Columns { known: vec!["age".into()], ..columns() }).unwrap();
    assert_eq!(table.scored.len(), 4);
}

#[test]
fn errors_name_the_line_the_column_and_what_to_do() {
    let wrong = |text: &str| read_text(text, &columns()).unwrap_err();
    assert_eq!(
        wrong("arm,converted,revenue\ncontrol,0,0\nb,maybe,0\n"),
        "table.csv, line 3, column \"converted\": \"maybe\" is neither yes nor no: write 1 or 0, true or false, yes or no."
    );
    assert_eq!(
        wrong("arm,converted,revenue\ncontrol,0,\n"),
        "table.csv, line 2, column \"revenue\": \"\" is not a number: write it as in 1234.50, and 0 for nothing."
    );
    assert_eq!(
        wrong("arm,converted\ncontrol,0\n"),
        "table.csv, line 1: there is no column \"revenue\" (--revenue). The columns are \"arm\", \"converted\"."
    );
    assert_eq!(
        wrong("arm,converted,revenue\na,0,0\nb,1,1\n"),
        "table.csv: no row has \"control\" (--control) in column \"arm\". Its values are \"a\", \"b\"."
    );
    assert_eq!(
        wrong("arm,converted,revenue\ncontrol,0,0\n"),
        "table.csv: every row is of the control, \"control\": there is nothing to compare it with."
    );
    assert_eq!(wrong("arm,converted,revenue\n"), "table.csv: there is no row below the header.");
    assert!(wrong("").contains("there is no header"));
    assert!(
        wrong("arm,converted,revenue\ncontrol,0,0,9\n")
            .starts_with("table.csv, line 2: the row has 4 cells, the header 3.")
    );
    assert!(wrong("arm,converted,revenue\n,0,0\n").contains("line 2, column \"arm\": \"\" is no arm"));
    assert!(wrong("arm,converted,revenue,arm\ncontrol,0,0,x\n").contains("two columns are called \"arm\""));
    assert!(wrong("arm,converted,revenue\ncontrol,0,inf\n").contains("not a number"));
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = read(Path::new("/nowhere/table.csv"), &columns()).unwrap_err();
    assert!(
        matches!(error, TableError::Unreadable { .. }) && error.to_string().contains("/nowhere/table.csv")
    );
}
