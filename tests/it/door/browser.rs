//! The pages as Chromium draws them: small and large, light and dark. Where there is no Chromium (`apt-get install
//! chromium`), these tests say so and pass.

use std::io::Read as _;
use std::path::Path;
use std::process::Command;

use super::{ANNA, LI, Running, open};

#[expect(clippy::print_stderr, reason = "a test that did not look is told from one that did")]
fn chromium() -> Option<&'static str> {
    let found = ["chromium", "chromium-browser", "google-chrome"]
        .into_iter()
        .find(|name| Command::new(name).arg("--version").output().is_ok_and(|out| out.status.success()));
    if found.is_none() {
        eprintln!("no Chromium here: the pages were not drawn");
    }
    found
}

/// What Chromium prints on stdout and stderr for a page.
fn draw(program: &str, home: &Path, url: &str, arguments: &[&str]) -> (String, String) {
    let out = Command::new(program)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run"])
        .args(["--enable-logging=stderr", "--log-level=0", "--virtual-time-budget=4000"])
        .arg(format!("--user-data-dir={}", home.join("profile").display()))
        .args(arguments)
        .arg(url)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (text(out.stdout), text(out.stderr))
}

/// A picture: width, height, and red, green, blue of each pixel.
struct Picture {
    width: usize,
    height: usize,
    pixels: Vec<[u8; 3]>,
}

impl Picture {
    /// Reads a PNG of 8 bits a channel, without interlacing (ISO/IEC 15948).
    fn read(path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap();
        let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        let (width, height) = (number(16), number(20));
        let channels = match bytes[25] {
            2 => 3,
            6 => 4,
            other => panic!("colour type {other}"),
        };
        assert_eq!((bytes[24], bytes[28]), (8, 0));
        let (mut packed, mut at) = (Vec::new(), 8);
        while at + 8 <= bytes.len() {
            let length = number(at);
            if &bytes[at + 4..at + 8] == b"IDAT" {
                packed.extend_from_slice(&bytes[at + 8..at + 8 + length]);
            }
            at += length + 12;
        }
        let mut raw = Vec::new();
        flate2::read::ZlibDecoder::new(packed.as_slice()).read_to_end(&mut raw).unwrap();
        let line = width * channels;
        let mut above = vec![0_u8; line];
        let mut pixels = Vec::with_capacity(width * height);
        for row in raw.chunks_exact(line + 1) {
            let mut here = row[1..].to_vec();
            for place in 0..line {
                let left = if place >= channels { here[place - channels] } else { 0 };
                let corner = if place >= channels { above[place - channels] } else { 0 };
                let up = above[place];
                let guess = match row[0] {
                    0 => 0,
                    1 => left,
                    2 => up,
                    3 => u8::midpoint(left, up),
                    _ => {
                        let sum = i16::from(left) + i16::from(up) - i16::from(corner);
                        let away = |value: u8| (sum - i16::from(value)).abs();
                        if away(left) <= away(up) && away(left) <= away(corner) {
                            left
                        } else if away(up) <= away(corner) {
                            up
                        } else {
                            corner
                        }
                    }
                };
                here[place] = here[place].wrapping_add(guess);
            }
            pixels.extend(here.chunks_exact(channels).map(|pixel| [pixel[0], pixel[1], pixel[2]]));
            above = here;
        }
        Self { width, height, pixels }
    }

    fn pixel(&self, x: usize, y: usize) -> [u8; 3] {
        self.pixels[y * self.width + x]
    }
}

fn links(door: &Running) -> [(&'static str, String); 5] {
    let key = door.store().secret(perennial::workspace::SecretName::Links).unwrap();
    let old = perennial::workspace::Links::new("", &key, super::now() - 2 * super::DAY);
    [
        ("preferences", door.links.unsubscribe(ANNA)),
        ("preferences-zh", door.links.unsubscribe(LI)),
        ("feedback", door.links.feedback(ANNA)),
        ("feedback-zh", door.links.feedback(LI)),
        ("expired", old.click(ANNA, 1)),
    ]
}

#[test]
fn pages_fit_small_and_large_windows_in_light_and_dark() {
    let Some(program) = chromium() else { return };
    let door = open(|config| config.brand.name = "Eisenbahnknotenpunkthinundherschieber & Co".into());
    let home = tempfile::tempdir().unwrap();
    for (name, path) in links(&door) {
        let url = format!("http://{}{path}", door.address);
        let mut windows = vec![(320, true), (1200, false)];
        if name == "preferences" {
            windows.extend([(320, false), (1200, true)]);
        }
        for (width, dark) in windows {
            let file = home.path().join(format!("{name}-{width}-{dark}.png"));
            let (screenshot, window) =
                (format!("--screenshot={}", file.display()), format!("--window-size={width},1200"));
            let scheme = format!("--blink-settings=preferredColorScheme={}", u8::from(!dark));
            let (_, said) = draw(program, home.path(), &url, &[&screenshot, &window, &scheme]);
            assert!(!said.contains("Content Security Policy"), "{said}");
            let picture = Picture::read(&file);
            assert_eq!(picture.width, width);
            // Nothing reaches to the right edge: the page is not wider than the window. And its style is in force.
            let paper = if dark { [0x17, 0x16, 0x14] } else { [0xfa, 0xf9, 0xf7] };
            for y in 0..picture.height.min(1000) {
                for x in [0, 1, width - 8, width - 2, width - 1] {
                    assert_eq!(picture.pixel(x, y), paper, "{name}, {width} wide, dark: {dark}, at {x}, {y}");
                }
            }
            let drawn = picture.pixels.iter().filter(|pixel| **pixel != paper).count();
            assert!(drawn > 20_000, "{name}: {drawn}");
        }
    }
}

#[test]
fn a_browsers_forms_are_understood() {
    let Some(program) = chromium() else { return };
    let door = open(|_| {});
    let home = tempfile::tempdir().unwrap();
    for (number, kind) in ["application/x-www-form-urlencoded", "multipart/form-data"].into_iter().enumerate()
    {
        let page = home.path().join(format!("{number}.html"));
        let form = format!(
            "<form method=post enctype='{kind}' action='http://{}{}'><input name=rating value={}>\
             <textarea name=text>好 & schön + 100%\n</textarea></form><script>document.forms[0].submit()</script>",
            door.address,
            door.links.feedback(LI),
            number + 4
        );
        std::fs::write(&page, format!("<!doctype html><meta charset=utf-8>{form}")).unwrap();
        let (shown, _) = draw(program, home.path(), &format!("file://{}", page.display()), &["--dump-dom"]);
        assert!(shown.contains("谢谢"), "{shown}");
    }
    assert_eq!(
        door.feedback(LI),
        ["rated rating 4 \"好 & schön + 100%\" by page", "rated rating 5 \"好 & schön + 100%\" by page"]
    );
}

/// The page itself is opened, and its own buttons are pressed: no e-mail any more, and then again.
#[test]
fn somebody_unsubscribes_by_the_page_in_a_browser() {
    let Some(program) = chromium() else { return };
    let door = open(|_| {});
    let home = tempfile::tempdir().unwrap();
    let path = door.links.unsubscribe(ANNA);
    let press = |number: usize, script: &str| {
        let page = door.get(&path);
        assert_eq!(page.status, 200);
        // A form without an action goes to the page's own address: here that of the file, so it is told.
        let script = format!(
            "<script>document.querySelectorAll('form').forEach(form => {{ form.action = 'http://{}{path}' }});{script}</script>",
            door.address
        );
        let body = page.body.replace("</body>", &format!("{script}</body>"));
        assert!(body.contains(&script), "{body}");
        let file = home.path().join(format!("{number}.html"));
        std::fs::write(&file, body).unwrap();
        draw(program, home.path(), &format!("file://{}", file.display()), &["--dump-dom"]).0
    };
    assert!(door.suppressed().is_empty(), "to look changes nothing");
    let shown = press(0, "document.querySelector('button').click()");
    assert!(shown.contains("<html"), "{shown}");
    assert_eq!(door.suppressed(), ["email anna.meyer@example.com unsubscribed"]);
    assert_eq!(door.feedback(ANNA), ["unsubscribed \"email=no\" by page"]);
    press(
        1,
        "document.querySelector('input[name=email][value=yes]').click();document.querySelector('button').click()",
    );
    assert!(door.suppressed().is_empty(), "{:?}", door.feedback(ANNA));
}
