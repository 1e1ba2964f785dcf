//! Signatures: those of clients, checked against the certificate of their app, and those of the org itself.

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey};
use rsa::pkcs1::{DecodeRsaPrivateKey, EncodeRsaPrivateKey};
use rsa::traits::PublicKeyParts;
use serde_json::Value;

/// A JSON Web Token, taken apart and not yet believed.
pub(super) struct Jwt {
    signed: String,
    signature: Vec<u8>,
    pub claims: Value,
}

impl Jwt {
    /// None unless it is one and says RS256, the only algorithm there is (OA-5).
    pub fn read(text: &str) -> Option<Jwt> {
        let (signed, signature) = text.trim().rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let part = |part: &str| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(part).ok()?).ok();
        let header = part(header)?;
        if header.get("alg").and_then(Value::as_str) != Some("RS256") {
            return None;
        }
        let signature = URL_SAFE_NO_PAD.decode(signature.trim_end_matches('=')).ok()?;
        Some(Jwt { signed: signed.to_owned(), signature, claims: part(claims)? })
    }

    pub fn claim(&self, name: &str) -> Option<&str> {
        self.claims.get(name)?.as_str()
    }

    /// Whether the key of this certificate signed it: PEM, or its base64 alone, as retrieves have it.
    pub fn is_signed_by(&self, certificate: &str) -> bool {
        let lines = certificate.lines().filter(|line| !line.contains("-----"));
        let packed: String = lines.flat_map(str::split_whitespace).collect();
        let Ok(der) = STANDARD.decode(packed) else { return false };
        let Some(key) = public_key(&der) else { return false };
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key)
            .verify(self.signed.as_bytes(), &self.signature)
            .is_ok()
    }
}

/// The public key inside an X.509 certificate, version 1 or 3, in the form that `ring` takes. Whoever deploys the
/// certificate is trusted, so its dates and its issuer are nobody's business here.
fn public_key(certificate: &[u8]) -> Option<&[u8]> {
    const SEQUENCE: u8 = 0x30;
    const BITS: u8 = 0x03;
    const VERSION: u8 = 0xa0;
    let (_, outer, _) = element(certificate)?;
    let (_, mut rest, _) = element(outer)?;
    if rest.first() == Some(&VERSION) {
        rest = element(rest)?.2; // a certificate of version 1 does not say so
    }
    // serial number, algorithm, issuer, validity, subject
    for _ in 0..5 {
        rest = element(rest)?.2;
    }
    let (tag, info, _) = element(rest)?;
    let (_, _, after_algorithm) = element(info)?;
    let (bits, key, _) = element(after_algorithm)?;
    // the first byte of a bit string counts unused bits
    (tag == SEQUENCE && bits == BITS && key.first() == Some(&0)).then(|| &key[1..])
}

/// The first DER element: its tag, its content, and what follows it.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, first) = (*bytes.first()?, *bytes.get(1)?);
    let (length, start) = if first < 0x80 {
        (usize::from(first), 2)
    } else {
        let count = usize::from(first & 0x7f);
        if count == 0 || count > 4 {
            return None;
        }
        let digits = bytes.get(2..2 + count)?;
        (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), 2 + count)
    };
    let end = start.checked_add(length)?;
    Some((tag, bytes.get(start..end)?, &bytes[end..]))
}

/// Makes the org's own key: PKCS#1 in base64. Takes a moment, so it is made when the first JWT is.
pub(super) fn generate() -> io::Result<String> {
    let key = rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).map_err(io::Error::other)?;
    let der = key.to_pkcs1_der().map_err(io::Error::other)?;
    Ok(STANDARD.encode(der.as_bytes()))
}

fn own(key: &str) -> io::Result<(RsaKeyPair, Vec<u8>)> {
    let der = STANDARD.decode(key).map_err(io::Error::other)?;
    let pair = RsaKeyPair::from_der(&der).map_err(|error| io::Error::other(error.to_string()))?;
    Ok((pair, der))
}

/// A JWT of these two parts under the org's key.
pub(super) fn sign(key: &str, header: &Value, claims: &Value) -> io::Result<String> {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(header), part(claims));
    let (pair, _) = own(key)?;
    let mut signature = vec![0; pair.public().modulus_len()];
    let random = ring::rand::SystemRandom::new();
    pair.sign(&RSA_PKCS1_SHA256, &random, signed.as_bytes(), &mut signature)
        .map_err(|_| io::Error::other("cannot sign"))?;
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

/// Modulus and exponent of the org's key, for whoever checks its signatures.
pub(super) fn published(key: &str) -> io::Result<(String, String)> {
    let (_, der) = own(key)?;
    let key = rsa::RsaPrivateKey::from_pkcs1_der(&der).map_err(io::Error::other)?;
    Ok((URL_SAFE_NO_PAD.encode(key.n().to_bytes_be()), URL_SAFE_NO_PAD.encode(key.e().to_bytes_be())))
}
