//! A server with a certificate: one of an authority of one's own, of nobody known, for another host, out of date.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use perennial::writing::TextEngine as _;
use perennial::writing::served::{Address, Fault, Server, Settings};

use super::commands::{PREVIEW, run};
use super::play::{Play, says};
use super::{engine_with, settings, texts, write};

/// An authority that signs certificates, and its own in a file.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    _folder: tempfile::TempDir,
    file: PathBuf,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("authority.pem");
        std::fs::write(&file, issuer.pem()).unwrap();
        Self { issuer, _folder: folder, file }
    }

    /// The port of a server that shows a certificate of this authority, and passes on what it is asked.
    fn before(&self, play: &Play, change: impl FnOnce(&mut CertificateParams)) -> u16 {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        let (config, to) = (Arc::new(config), play.port);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for stream in listener.incoming().filter_map(Result::ok) {
                let config = Arc::clone(&config);
                std::thread::spawn(move || drop(pass_on(config, stream, to)));
            }
        });
        port
    }
}

/// One question and its answer.
fn pass_on(config: Arc<ServerConfig>, stream: TcpStream, to: u16) -> std::io::Result<()> {
    let connection = ServerConnection::new(config).map_err(std::io::Error::other)?;
    let mut stream = StreamOwned::new(connection, stream);
    let mut asked = Vec::new();
    let mut byte = [0];
    while !asked.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        asked.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&asked).to_lowercase();
    let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
    let mut body = vec![0; length.map_or(0, |length| length.trim().parse().unwrap_or(0))];
    stream.read_exact(&mut body)?;
    let mut plain = TcpStream::connect(("127.0.0.1", to))?;
    plain.write_all(&asked)?;
    plain.write_all(&body)?;
    std::io::copy(&mut plain, &mut stream)?;
    stream.conn.send_close_notify();
    stream.flush()
}

#[test]
fn a_server_of_an_authority_of_ones_own_is_asked_once_that_is_named() {
    let play = Play::chat(|_, _, stream| says(stream, "We miss you."));
    let authority = Authority::new();
    let port = authority.before(&play, |_| {});
    let address = format!("https://localhost:{port}/v1");
    let trusting = Settings { ca_file: Some(authority.file.clone()), ..settings() };
    let mut engine = engine_with(&address, trusting.clone());
    assert_eq!(texts(&mut engine, &[1]), ["We miss you."]);
    assert_eq!(engine.identity().name, format!("localhost:{port}/org/play-1"));
    let asked = play.asked().len();

    // Nobody knows the authority.
    let fails = |address: &str, settings: Settings| {
        let mut engine = engine_with(address, settings);
        let words = write(&mut engine, &[1]).unwrap_err().to_string();
        assert_eq!(engine.fault(), Some(Fault::Unsafe), "{words}");
        words
    };
    let words = fails(&address, settings());
    assert!(words.contains("authority that is not trusted"), "{words}");
    assert!(words.contains("writing.served-ca-file"), "{words}");
    // Another one is named.
    let other = Authority::new();
    let words = fails(&address, Settings { ca_file: Some(other.file.clone()), ..settings() });
    assert!(words.contains("not trusted") && words.contains("authority.pem"), "{words}");
    // The certificate is for another host, or out of date.
    let words = fails(&format!("https://127.0.0.1:{port}/v1"), trusting.clone());
    assert!(words.contains("another host") && words.contains("localhost"), "{words}");
    let old = authority.before(&play, |params| {
        params.not_before = date_time_ymd(2001, 1, 1);
        params.not_after = date_time_ymd(2002, 1, 1);
    });
    let words = fails(&format!("https://localhost:{old}/v1"), trusting);
    assert!(words.contains("out of date") && words.contains("renew it"), "{words}");
    assert_eq!(play.asked().len(), asked, "nothing was sent to any of them");
}

#[test]
fn the_program_trusts_the_authority_that_the_project_names() {
    let lines = ["We would be glad to see you again soon.", "There is something new here that you may like."];
    let play = Play::chat(move |_, number, stream| says(stream, lines[number % 2]));
    let authority = Authority::new();
    let port = authority.before(&play, |_| {});
    let home = tempfile::tempdir().unwrap();
    let address = format!("https://localhost:{port}/v1");
    let shop = home.path().join("shop");
    std::fs::create_dir(&shop).unwrap();
    // Relative to the file that names it.
    std::fs::copy(&authority.file, shop.join("own.pem")).unwrap();
    let preview = [&PREVIEW[..], &["--model", &address, "--workspace", "shop", "--json"]].concat();
    let settings = shop.join("perennial.toml");
    std::fs::write(&settings, "").unwrap();
    let (code, out, err) = run(home.path(), true, &preview);
    assert!(code == 1 && out.is_empty() && err.contains("not trusted"), "{err}");
    assert!(play.asked().is_empty(), "neither the key nor a text was sent");
    std::fs::write(&settings, "[writing]\nserved-ca-file = \"own.pem\"\n").unwrap();
    let (code, out, err) = run(home.path(), true, &preview);
    assert!(code == 0 && out.contains(&format!("localhost:{port}/org/play-1")), "{err}");
    std::fs::remove_file(shop.join("own.pem")).unwrap();
    let (code, _, err) = run(home.path(), true, &preview);
    assert!(code == 1 && err.contains("own.pem") && err.contains("writing.served-ca-file"), "{err}");
}

#[test]
fn a_file_of_certificates_that_cannot_be_used_is_told_before_anything_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("authority.pem");
    let new = || {
        let settings = Settings { ca_file: Some(file.clone()), ..settings() };
        Server::new(Address::parse("https://localhost:1/v1").unwrap(), settings).map(drop)
    };
    assert!(new().unwrap_err().to_string().contains("writing.served-ca-file"));
    std::fs::write(&file, "").unwrap();
    assert!(new().unwrap_err().to_string().contains("holds no certificate"));
}
