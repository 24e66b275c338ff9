//! One message of each version, to be looked at.

use crate::campaign::audience::Place;
use crate::campaign::dossier::Dossier;
use crate::campaign::message::Outgoing;
use crate::campaign::writer::Writer;

/// Each version's message to the first of its recipients, or why there is none.
#[must_use]
pub fn specimens(dossier: &Dossier, writer: &Writer<'_>) -> Vec<Result<Outgoing, String>> {
    dossier
        .versions
        .all
        .iter()
        .filter_map(|version| {
            let member = dossier.audience.recipients().find(|member| {
                usize::from(member.segment) == version.segment && member.place == Place::Arm(version.arm)
            })?;
            Some(writer.specimen(version, member.row as usize, None).map_err(|error| error.to_string()))
        })
        .collect()
}

/// Whether a text is an address on the web in form.
pub(super) fn is_address(url: &str) -> bool {
    url::Url::parse(url).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.host_str().is_some_and(|host| host.contains('.') || host == "localhost")
    })
}
