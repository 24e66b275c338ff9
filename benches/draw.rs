//! How long a frame takes: drawn in full, and after a key.

#![expect(clippy::expect_used, reason = "a benchmark stops at what goes wrong")]

use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use perennial::config::Config;
use perennial::tui::app::{App, Gravity, Load, Setup};
use perennial::tui::event::{Event, What};
use perennial::tui::keymap::Keymap;
use perennial::tui::summary::{Month, Summary};
use perennial::tui::theme::Theme;
use perennial::tui::update::update;
use perennial::tui::view;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

fn app() -> App {
    let config = Config::default();
    let keymap = Keymap::new(&config.tui.keys).expect("built-in keys");
    let theme = Theme::named("terminal", false).expect("built-in theme");
    let setup = Setup {
        unnamed_brand: None,
        shop_name: "Tulip Home".into(),
        config,
        folder: "/nowhere".into(),
        sources: Vec::new(),
        no_color: false,
        user_file: None,
        set: Vec::new(),
        person: String::new(),
        started: jiff::ZonedDateTime::now(),
    };
    let mut app = App::new(setup, keymap, theme);
    let day = jiff::civil::date(2023, 1, 1);
    let months = (0..24).map(|_| Month { month: day, orders: 900, revenue: 5_000_000 }).collect();
    app.shared.summary = Load::Ready(Arc::new(Summary {
        customers: 1_000_000,
        orders: 10_000_000,
        products: Some(150),
        events: Some(80_000),
        revenue: 64_000_000_000,
        currency: "EUR".into(),
        currency_digits: 2,
        first_day: day,
        last_day: day,
        months,
        report: perennial::data::DataReport::default(),
    }));
    for line in 0..1_000 {
        app.shared.log(Gravity::Info, format!("line {line} of the log"));
    }
    app
}

fn draw(criterion: &mut Criterion) {
    for (width, height) in [(80, 24), (120, 40), (250, 70)] {
        for (name, key) in [("overview", '1'), ("log", '6'), ("help", '?')] {
            let mut app = app();
            let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("memory");
            app.shared.size = (width, height);
            let mut press = |app: &mut App, code| {
                let what = What::Key(KeyEvent::new(code, KeyModifiers::NONE));
                update(app, Event { at: Duration::ZERO, what });
                terminal.draw(|frame| drop(view::draw(app, frame))).expect("memory");
            };
            press(&mut app, KeyCode::Char(key));
            criterion.bench_function(&format!("key to frame/{name}/{width}x{height}"), |bencher| {
                bencher.iter(|| press(&mut app, KeyCode::Down));
            });
        }
    }
}

criterion_group!(benches, draw);
criterion_main!(benches);
