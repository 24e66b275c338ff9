//! Where a server is: its address, as a person gives it.

use std::fmt;

use ureq::http::Uri;

use crate::writing::WritingError;

/// The base address of an OpenAI-compatible interface, as `http://host:8000/v1`.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    /// Without a slash at its end.
    base: String,
    host: String,
    /// What stands behind `#`: the name of a model.
    model: Option<String>,
}

impl Address {
    /// Whether a text is meant to be an address.
    #[must_use]
    pub fn is_meant(text: &str) -> bool {
        let text = text.trim().to_ascii_lowercase();
        text.starts_with("http:") || text.starts_with("https:")
    }

    /// Understands `http://host:port/v1` and `https://host/v1#model-name`.
    ///
    /// # Errors
    /// No such address, or one with a key, a password or a query in it; the message repeats nothing of those.
    pub fn parse(text: &str) -> Result<Self, WritingError> {
        let refuse =
            |what: &str| Err(WritingError::Failed(format!("the address of the model server {what}")));
        let text = text.trim();
        let (base, model) = match text.split_once('#') {
            Some((base, model)) => (base, Some(model.trim()).filter(|model| !model.is_empty())),
            None => (text, None),
        };
        let Ok(uri) = base.parse::<Uri>() else {
            return refuse("cannot be read: write it as http://host:8000/v1");
        };
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return refuse("has no host: write it as http://host:8000/v1");
        };
        if !matches!(scheme, "http" | "https") || authority.host().is_empty() {
            return refuse("has no host: write it as http://host:8000/v1");
        }
        if authority.as_str().contains('@') {
            return refuse(
                "holds a name or a password: leave it out, and give the key as PERENNIAL_API_KEY or in a file \
                 that writing.key-file names",
            );
        }
        if uri.query().is_some() {
            return refuse("has a `?` in it: leave that out, and give a key as PERENNIAL_API_KEY");
        }
        Ok(Self {
            base: format!("{scheme}://{authority}{}", uri.path().trim_end_matches('/')),
            host: authority.as_str().to_owned(),
            model: model.map(str::to_owned),
        })
    }

    /// Host, and port where one was given.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The model that the address names.
    #[must_use]
    pub fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }

    /// The address of one thing of the interface, as `models`.
    #[must_use]
    pub fn of(&self, what: &str) -> String {
        format!("{}/{what}", self.base)
    }

    /// Whether it ends in a version, as nearly all do.
    #[must_use]
    pub fn has_version(&self) -> bool {
        let last = self.base.rsplit('/').next().unwrap_or_default();
        last.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    }

    /// Whether what is sent can be read on its way to another machine.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.base.starts_with("http://") && !self.is_this_machine()
    }

    /// Whether the host is a name of this machine.
    #[must_use]
    pub fn is_this_machine(&self) -> bool {
        let end =
            self.host.rfind(':').filter(|at| !self.host[*at..].contains(']')).unwrap_or(self.host.len());
        let host = self.host[..end].trim_matches(['[', ']']);
        host.eq_ignore_ascii_case("localhost")
            || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.base)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({})", self.base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Address {
        Address::parse(text).unwrap()
    }

    #[test]
    fn an_address_has_a_host_and_may_name_a_model() {
        let address = read("http://127.0.0.1:8000/v1/");
        assert_eq!(address.host(), "127.0.0.1:8000");
        assert_eq!(address.of("models"), "http://127.0.0.1:8000/v1/models");
        assert_eq!(address.model(), None);
        let address = read("https://models.example/v1#org/model-7b");
        assert_eq!((address.host(), address.model()), ("models.example", Some("org/model-7b")));
        assert!(address.has_version() && !read("http://models.example").has_version());
    }

    #[test]
    fn it_is_known_whether_what_is_sent_can_be_read_on_its_way() {
        for here in
            ["http://localhost:1/v1", "http://127.0.0.1/v1", "http://[::1]:8000/v1", "https://a.example/v1"]
        {
            assert!(!read(here).is_open(), "{here}");
        }
        assert!(read("http://10.0.0.7:8000/v1").is_open() && read("http://a.example/v1").is_open());
        assert!(!read("http://[fe80::1]/v1").is_this_machine());
    }

    #[test]
    fn what_holds_a_secret_is_refused_without_saying_it() {
        for wrong in
            ["http://me:hush@host/v1", "https://host/v1?key=hush", "http://:80", "http:/hush", "https://"]
        {
            let error = Address::parse(wrong).unwrap_err().to_string();
            assert!(!error.contains("hush") && error.contains("the address of the model server"), "{error}");
        }
        assert!(Address::is_meant("HTTP://host") && !Address::is_meant("model.gguf"));
    }
}
