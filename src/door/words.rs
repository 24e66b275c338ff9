//! What the pages say, in each language that they speak.

use crate::data::{Channel, primary_language};

/// The texts of all pages in one language. `{brand}` is the shop's name, `{channel}` a channel's.
pub(super) struct Words {
    /// For the page's `lang` attribute (BCP 47).
    pub tag: &'static str,
    pub email: &'static str,
    pub sms: &'static str,
    pub push: &'static str,
    pub preferences: &'static str,
    pub subscribed: &'static str,
    pub unsubscribed: &'static str,
    pub unsubscribe: &'static str,
    pub unsubscribe_done: &'static str,
    pub changed_mind: &'static str,
    pub by_channel: &'static str,
    pub by_channel_hint: &'static str,
    pub yes: &'static str,
    pub no: &'static str,
    pub save: &'static str,
    pub saved: &'static str,
    pub stays_suppressed: &'static str,
    pub feedback: &'static str,
    pub rating: &'static str,
    pub ratings: [&'static str; 5],
    pub sentence: &'static str,
    pub sentence_hint: &'static str,
    pub send: &'static str,
    pub choose_first: &'static str,
    pub thanks: &'static str,
    pub thanks_more: &'static str,
    pub expired: &'static str,
    pub expired_more: &'static str,
    pub test: &'static str,
    pub test_more: &'static str,
    pub no_link: &'static str,
    pub no_link_more: &'static str,
    pub busy: &'static str,
    pub busy_more: &'static str,
    pub failed: &'static str,
    pub failed_more: &'static str,
}

impl Words {
    /// Those of a language; English where the pages do not speak it.
    pub fn of(language: &str) -> &'static Self {
        if primary_language(language) == "zh" { &ZH } else { &EN }
    }

    /// Those that a browser asks for first (`Accept-Language`), where no message says which.
    pub fn asked(header: Option<&str>) -> &'static Self {
        Self::of(header.unwrap_or_default().split([',', ';']).next().unwrap_or_default().trim())
    }

    pub fn channel(&self, channel: Channel) -> &'static str {
        match channel {
            Channel::Email => self.email,
            Channel::Sms => self.sms,
            Channel::Push => self.push,
        }
    }
}

static EN: Words = Words {
    tag: "en",
    email: "E-mail",
    sms: "Text messages (SMS)",
    push: "Notifications in the app",
    preferences: "Messages from {brand}",
    subscribed: "You receive messages from us by: {channel}.",
    unsubscribed: "You have unsubscribed from: {channel}.",
    unsubscribe: "Unsubscribe",
    unsubscribe_done: "You will receive nothing more from us by: {channel}.",
    changed_mind: "Was that a mistake? Say yes below and save.",
    by_channel: "How may we write to you?",
    by_channel_hint: "What you leave open stays as it is.",
    yes: "Yes",
    no: "No",
    save: "Save",
    saved: "Saved.",
    stays_suppressed: "Messages to this address came back or were reported, so none are sent to it. Please write to {brand} to change that.",
    feedback: "How was our message?",
    rating: "Your rating",
    ratings: ["1: not good at all", "2: not so good", "3: all right", "4: good", "5: very good"],
    sentence: "Something to add?",
    sentence_hint: "A sentence is enough. You need not write anything.",
    send: "Send",
    choose_first: "Please choose a rating or write a sentence.",
    thanks: "Thank you",
    thanks_more: "{brand} reads what you wrote.",
    expired: "This link has expired",
    expired_more: "The message that it stood in is a while old. You can still decide what we send you.",
    test: "This was a test",
    test_more: "This link stands in a message that the shop sent to itself. In the real one it works; here nothing changes.",
    no_link: "This link does not work",
    no_link_more: "It may have been cut off in your mail. Please copy the whole link from the message, or write to {brand}.",
    busy: "Too many requests",
    busy_more: "Please try again in a minute.",
    failed: "Something went wrong here",
    failed_more: "Nothing was changed. Please try again in a few minutes.",
};

static ZH: Words = Words {
    tag: "zh-CN",
    email: "电子邮件",
    sms: "短信",
    push: "应用通知",
    preferences: "{brand} 的消息",
    subscribed: "您目前会收到：{channel}。",
    unsubscribed: "您已退订：{channel}。",
    unsubscribe: "退订",
    unsubscribe_done: "我们不会再通过以下方式联系您：{channel}。",
    changed_mind: "点错了？请在下方选择“是”并保存。",
    by_channel: "我们可以通过哪些方式联系您？",
    by_channel_hint: "未选择的项目保持不变。",
    yes: "是",
    no: "否",
    save: "保存",
    saved: "已保存。",
    stays_suppressed: "发往此地址的消息曾被退回或被举报，因此不再发送。如需更改，请联系 {brand}。",
    feedback: "您觉得我们的消息怎么样？",
    rating: "您的评分",
    ratings: ["1：很不好", "2：不太好", "3：一般", "4：好", "5：很好"],
    sentence: "还想说点什么？",
    sentence_hint: "一句话就够了，也可以不写。",
    send: "提交",
    choose_first: "请选择评分，或写一句话。",
    thanks: "谢谢",
    thanks_more: "{brand} 会阅读您的留言。",
    expired: "此链接已过期",
    expired_more: "这条消息发出已有一段时间。您仍然可以决定我们给您发送什么。",
    test: "这是一封测试消息",
    test_more: "此链接来自商家发给自己的测试消息。在正式消息中它会生效；在这里不会有任何变化。",
    no_link: "此链接无效",
    no_link_more: "链接可能不完整。请从消息中复制完整的链接，或联系 {brand}。",
    busy: "请求过于频繁",
    busy_more: "请一分钟后再试。",
    failed: "出了点问题",
    failed_more: "没有任何更改。请过几分钟再试。",
};
