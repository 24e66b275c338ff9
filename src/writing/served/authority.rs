//! Certificates of an authority of one's own, which has signed a server's.
//!
//! In: a file in PEM form. Out: who is trusted in place of the authorities that everybody knows.

use std::path::Path;
use std::sync::Arc;

use ureq::tls::{Certificate, PemItem, RootCerts, parse_pem};

use crate::config::at_home;
use crate::writing::WritingError;

/// Bytes of such a file at most.
const LARGEST: u64 = 4 << 20;

/// Authorities that are trusted.
#[derive(Clone, Debug)]
pub(super) struct Authorities(Arc<Vec<Certificate<'static>>>);

impl Authorities {
    /// Reads the certificates of a file.
    ///
    /// # Errors
    /// It cannot be read, or holds no certificate.
    pub(super) fn read(file: &Path) -> Result<Self, WritingError> {
        let file = at_home(file);
        let failed =
            |what: String| WritingError::Failed(format!("the certificate file {} {what}", file.display()));
        let remedy = "name the authority's certificate in PEM form in writing.served-ca-file";
        let about = std::fs::metadata(&file)
            .map_err(|error| failed(format!("cannot be read ({error}): {remedy}")))?;
        if !about.is_file() || about.len() > LARGEST {
            return Err(failed(format!("is no file of certificates: {remedy}")));
        }
        let bytes =
            std::fs::read(&file).map_err(|error| failed(format!("cannot be read ({error}): {remedy}")))?;
        let mut found = Vec::new();
        for item in parse_pem(&bytes) {
            match item {
                Ok(PemItem::Certificate(certificate)) => found.push(certificate),
                Ok(_) => {}
                Err(_) => return Err(failed(format!("cannot be understood: {remedy}"))),
            }
        }
        if found.is_empty() {
            return Err(failed(format!("holds no certificate: {remedy}")));
        }
        Ok(Self(Arc::new(found)))
    }

    pub(super) fn roots(&self) -> RootCerts {
        RootCerts::Specific(Arc::clone(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_certificate_is_told_with_its_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.pem");
        let fails = || {
            let error = Authorities::read(&file).unwrap_err().to_string();
            assert!(error.contains("ca.pem") && error.contains("writing.served-ca-file"), "{error}");
            error
        };
        assert!(fails().contains("cannot be read"));
        std::fs::write(&file, "no certificate\n").unwrap();
        assert!(fails().contains("holds no certificate"));
        std::fs::write(&file, "-----BEGIN CERTIFICATE-----\n%%%\n-----END CERTIFICATE-----\n").unwrap();
        fails();
        assert!(Authorities::read(folder.path()).is_err());
    }
}
