//! What has become of an order, from what its row says.

use crate::data::input::decode_cell;

/// What has become of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Bought,
    /// The row is the refund: its amount is negative.
    Refund,
    /// The row is what was bought, marked as returned.
    BoughtAndReturned,
    Cancelled,
}

/// What a state's name says, in English or Chinese.
pub(super) fn state_of(cell: &[u8]) -> State {
    const RETURNED: [&str; 8] =
        ["return", "refund", "chargeback", "charged_back", "retour", "退货", "退款", "已退"];
    const CANCELLED: [&str; 11] = [
        "cancel",
        "void",
        "failed",
        "expired",
        "declined",
        "rejected",
        "abandoned",
        "storniert",
        "取消",
        "关闭",
        "作废",
    ];
    let text = decode_cell(cell).to_lowercase();
    // A part that went back is a smaller amount, not a return.
    if text.contains("partial")
        || text.contains("部分")
        || text.contains("no return")
        || text.contains("not return")
    {
        return State::Bought;
    }
    if RETURNED.iter().any(|word| text.contains(word)) {
        State::BoughtAndReturned
    } else if CANCELLED.iter().any(|word| text.contains(word)) {
        State::Cancelled
    } else {
        State::Bought
    }
}
