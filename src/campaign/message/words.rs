//! The program's own words in an e-mail, in the language of the message.

/// What stands at the foot.
pub(super) struct Words {
    pub unsubscribe: &'static str,
    pub feedback: &'static str,
    /// Between a label and its address in the text part.
    pub colon: &'static str,
    reason: (&'static str, &'static str),
}

const ENGLISH: Words = Words {
    unsubscribe: "Unsubscribe",
    feedback: "Tell us what you think",
    colon: ": ",
    reason: ("You get this e-mail because you agreed to news from ", "."),
};

const CHINESE: Words = Words {
    unsubscribe: "退订",
    feedback: "告诉我们您的看法",
    colon: "：",
    reason: ("您收到这封邮件，是因为您同意接收", "的消息。"),
};

impl Words {
    /// English for every language but Chinese.
    pub fn of(language: &str) -> &'static Self {
        if crate::data::primary_language(language) == "zh" { &CHINESE } else { &ENGLISH }
    }

    /// Why the recipient gets this, where the settings do not say.
    pub fn reason(&self, shop: &str) -> String {
        let shop = match (shop, self.unsubscribe) {
            ("", "退订") => "本店",
            ("", _) => "our shop",
            (shop, _) => shop,
        };
        format!("{}{shop}{}", self.reason.0, self.reason.1)
    }
}
