//! What can be wrong with a server, in kinds that a person can tell apart. Cause and remedy in full stand in the words of
//! the error; here is what there is room for on one line.

/// Why a server does not write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It was not asked: a setting is in the way.
    NotAsked,
    /// There is no connection to it.
    Unreachable,
    /// It is connected and says nothing.
    Silent,
    /// The connection cannot be made safe.
    Unsafe,
    /// It wants a key, and none was shown.
    NoKey,
    /// It does not take the key.
    WrongKey,
    /// It has no such model.
    NoModel,
    /// It has too much to do.
    Busy,
    /// It has a fault of its own.
    Broken,
    /// What answers is no model server.
    Stranger,
    /// It does not take the request.
    Refused,
}

impl Fault {
    /// What stands behind the host's name: `HOST is away`.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::NotAsked => "cannot be asked",
            Self::Unreachable => "is away",
            Self::Silent => "does not answer",
            Self::Unsafe => "has no safe connection",
            Self::NoKey => "wants a key",
            Self::WrongKey => "refuses the key",
            Self::NoModel => "has no such model",
            Self::Busy => "has too much to do",
            Self::Broken => "has a fault",
            Self::Stranger => "is no model server",
            Self::Refused => "refuses the request",
        }
    }

    /// The same where there is little room: `away: HOST`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::NotAsked => "not asked",
            Self::Unreachable => "away",
            Self::Silent => "silent",
            Self::Unsafe => "not safe",
            Self::NoKey => "no key",
            Self::WrongKey => "wrong key",
            Self::NoModel => "no model",
            Self::Busy => "busy",
            Self::Broken => "faulty",
            Self::Stranger => "no server",
            Self::Refused => "refused",
        }
    }
}
