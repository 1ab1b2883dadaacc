//! The values that a row of the catalogue may have, and the category of a response whose code is not in it.

use std::fmt;

/// Declares an enumeration whose values are written as given, in files, labels and texts.
macro_rules! named {
    ($(#[$about:meta])* $name:ident { $($(#[$of:meta])* $value:ident = $text:literal,)+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$of])* #[serde(rename = $text)] $value,)+ }

        impl $name {
            /// All values, in order.
            pub const ALL: &[Self] = &[$(Self::$value,)+];

            /// The value as it is written.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$value => $text,)+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

named! {
    /// What kind of trouble an error is; the worst for a service first.
    Category {
        /// The account is in arrears, frozen or closed: nothing works until it is settled.
        Account = "account",
        /// OBS itself fails.
        ServerError = "server_error",
        /// Too many requests.
        Throttling = "throttling",
        /// The key, signature or token is not accepted.
        Credentials = "credentials",
        /// The clock of the client is wrong.
        ClockSkew = "clock_skew",
        /// A key for encryption cannot be used.
        Encryption = "encryption",
        /// A limit of storage or number is reached.
        Quota = "quota",
        /// The credentials are good, the permission is missing.
        Permission = "permission",
        /// The connection broke or was too slow.
        Network = "network",
        /// What was asked for is not there.
        NotFound = "not_found",
        /// The state of the bucket or object forbids it.
        Conflict = "conflict",
        /// The request is wrong.
        ClientRequest = "client_request",
        /// OBS does not offer it.
        Unsupported = "unsupported",
        /// Another address is the right one.
        Redirect = "redirect",
        /// Neither code nor status says.
        Unknown = "unknown",
    }
}

named! {
    /// Whether the same request may succeed later.
    Retryable {
        /// Yes, with a pause.
        Yes = "yes",
        /// No: something has to change first.
        No = "no",
        /// It depends on the cause.
        Conditional = "conditional",
    }
}

named! {
    /// Who can put an error right.
    Owner {
        /// The developers of the service.
        App = "app",
        /// Those who run buckets and infrastructure.
        Platform = "platform",
        /// Those who keep keys and permissions.
        Security = "security",
        /// Those who pay the bill.
        Finance = "finance",
        /// Huawei Cloud.
        Vendor = "vendor",
        /// Nobody: it passes by itself.
        None = "none",
    }
}

named! {
    /// Where a code is from.
    Source {
        /// The official table of OBS server-side error codes.
        Table = "table",
        /// Other public documents of OBS, or clients' sources beside them.
        Other = "other",
        /// Only a client's source names it.
        Client = "client",
        /// The configuration names it.
        Config = "config",
    }
}

impl Category {
    /// The category of a response whose code says nothing.
    #[must_use]
    pub const fn of_status(status: Option<u16>) -> Self {
        match status {
            Some(300..=399) => Self::Redirect,
            Some(401 | 403) => Self::Permission,
            Some(404) => Self::NotFound,
            Some(405 | 501) => Self::Unsupported,
            Some(408) => Self::Network,
            Some(409 | 412) => Self::Conflict,
            Some(429) => Self::Throttling,
            Some(400..=499) => Self::ClientRequest,
            Some(500..=599) => Self::ServerError,
            _ => Self::Unknown,
        }
    }
}
