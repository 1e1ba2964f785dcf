//! Record ids, keys and tokens: everything the org makes up by itself.
//!
//! An id is 15 characters of which letter case matters, or 18 with a checksum of the case. The checksum is
//! computed for real, because clients that shorten and lengthen ids would notice a wrong one.

use std::io;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const CHECKSUM: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";

/// Key prefixes: the kind of record an id belongs to.
pub(super) mod prefix {
    pub const DEPLOY: &str = "0Af";
    pub const RETRIEVE: &str = "09S";
    pub const ORGANIZATION: &str = "00D";
    pub const USER: &str = "005";
    pub const PROFILE: &str = "00e";
    pub const USER_LICENSE: &str = "100";

    /// Prefix of the records behind a metadata type (AP-50, EC-4 and section 3.3 name theirs; unsure for `0SO`).
    pub fn of_type(type_name: &str) -> &'static str {
        match type_name {
            "ConnectedApp" => "0H4",
            "AuthProvider" => "0SO",
            "NamedCredential" => "0XA",
            "ExternalClientApplication" => "0xI",
            "ExtlClntAppGlobalOauthSettings" => "888",
            "PermissionSet" => "0PS",
            "Profile" => PROFILE,
            _ => "0xx",
        }
    }
}

/// What makes the ids of an org differ from those of all others: so many characters that two orgs hardly ever draw
/// the same, which leaves room for more records than an org here can hold.
pub(super) fn pod() -> io::Result<String> {
    letters_and_digits(6)
}

/// The 18-character id of the record with this serial number. A pod has six characters, or two in an org of an
/// earlier version; the serial number has the rest.
pub(super) fn record(prefix: &str, pod: &str, serial: u64) -> String {
    let mut digits = vec![b'0'; 12_usize.saturating_sub(pod.len())];
    let mut rest = serial;
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[usize::try_from(rest % 62).unwrap_or(0)];
        rest /= 62;
    }
    let short = format!("{prefix}{pod}{}", String::from_utf8_lossy(&digits));
    format!("{short}{}", checksum(&short))
}

/// Three characters that say which of the fifteen are capitals, five at a time.
fn checksum(short: &str) -> String {
    short
        .as_bytes()
        .chunks(5)
        .map(|chunk| {
            let bits = chunk
                .iter()
                .enumerate()
                .fold(0, |bits, (at, byte)| bits | (usize::from(byte.is_ascii_uppercase()) << at));
            char::from(CHECKSUM[bits])
        })
        .collect()
}

/// The first 15 characters, which is what ids are compared by.
pub(super) fn short(id: &str) -> &str {
    id.get(..15).unwrap_or(id)
}

pub(super) fn same(one: &str, other: &str) -> bool {
    one.len() >= 15 && other.len() >= 15 && short(one) == short(other)
}

/// Characters drawn from `alphabet` by the operating system's generator. Bytes beyond the last whole
/// multiple of the alphabet are thrown away, so that each character is as likely as the others.
fn random_of(alphabet: &[u8], length: usize) -> io::Result<String> {
    let limit = 256 - 256 % alphabet.len();
    let mut text = String::with_capacity(length);
    let mut bytes = [0u8; 64];
    while text.len() < length {
        getrandom::fill(&mut bytes).map_err(io::Error::other)?;
        for byte in bytes.iter().map(|byte| usize::from(*byte)).filter(|byte| *byte < limit) {
            if text.len() < length {
                text.push(char::from(alphabet[byte % alphabet.len()]));
            }
        }
    }
    Ok(text)
}

pub(super) fn letters_and_digits(length: usize) -> io::Result<String> {
    random_of(ALPHABET, length)
}

/// A consumer key as Salesforce makes them: `3MVG9` and 85 characters in all (CA-12).
pub(super) fn consumer_key() -> io::Result<String> {
    Ok(format!(
        "3MVG9{}",
        random_of(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._", 80)?
    ))
}

/// A consumer secret as Salesforce makes them since Spring '19: 64 hexadecimal digits (CA-13).
pub(super) fn consumer_secret() -> io::Result<String> {
    random_of(b"0123456789ABCDEF", 64)
}

/// An opaque session id. Never a JWT: with one, jsforce refuses SOAP (protocol, section 2).
pub(super) fn access_token(organization_id: &str) -> io::Result<String> {
    Ok(format!("{}!AQ{}", short(organization_id), letters_and_digits(94)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_salesforces() {
        // a pair printed in Salesforce's own documents
        assert_eq!(checksum("00DA0000000c3Nm"), "MAI");
        assert_eq!(record("0Af", "Ws", 0), "0AfWs0000000000KAA");
    }

    #[test]
    fn ids_are_of_one_length_whatever_the_pod() {
        assert_eq!(short(&record("0Af", "Ws", 62)), "0AfWs0000000010");
        assert_eq!(short(&record("0Af", "WsWsWs", 62)), "0AfWsWsWs000010");
        assert_eq!(pod().unwrap().len(), 6);
    }

    #[test]
    fn ids_are_compared_on_fifteen_characters() {
        let id = record(prefix::USER, "Ws", 4711);
        assert_eq!(id.len(), 18);
        assert!(same(&id, short(&id)));
        assert!(!same(&id, "005"));
        assert!(!same("", ""));
    }

    #[test]
    fn keys_look_like_salesforces() {
        let key = consumer_key().unwrap();
        assert_eq!((key.len(), key.starts_with("3MVG9")), (85, true));
        assert_eq!(consumer_secret().unwrap().len(), 64);
        assert!(access_token("00Dxx0000001gPLEAY").unwrap().starts_with("00Dxx0000001gPL!AQ"));
    }
}
