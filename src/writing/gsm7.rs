//! The default alphabet of text messages (3GPP TS 23.038), with its extension table.

/// Characters of the basic table; the extension costs two septets each.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
const EXTENSION: &str = "\u{c}^{}\\[~]|€";

/// Whether a message with this character can still be sent in septets.
pub fn contains(c: char) -> bool {
    BASIC.contains(c) || EXTENSION.contains(c)
}
