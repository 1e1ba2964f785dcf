//! JWT bearer: an assertion that the private key of the app's certificate has signed. No secret travels, and there
//! is no refresh token: the key is enough for the next session (OA-5).

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use serde_json::json;

use super::audience::audience;
use super::endpoint::{Endpoint, Form, Granted};
use super::{Error, NoSession};

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// Orgs take three to five minutes (OA-5).
const VALID_FOR: Duration = Duration::from_secs(180);

#[derive(Clone)]
pub struct Jwt {
    pub client_id: String,
    pub username: String,
    /// In place of the one that the address tells.
    pub audience: Option<String>,
    key: Arc<RsaKeyPair>,
}

/// Why a text is no key to sign with. Says nothing of what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyProblem {
    #[error("is no private key in PEM: there is no `-----BEGIN PRIVATE KEY-----` in it")]
    NotPem,
    #[error("is encrypted with a passphrase")]
    Encrypted,
    #[error("is a certificate, and the private key that belongs to it is needed")]
    Certificate,
    #[error("is no RSA key, and orgs take RS256 only")]
    NotRsa,
    #[error("is no RSA key of 2048 to 4096 bits")]
    Unusable,
}

impl KeyProblem {
    /// Something to do.
    pub fn help(self) -> &'static str {
        match self {
            KeyProblem::Encrypted => "write it without one: openssl pkey -in server.key -out plain.key",
            KeyProblem::Certificate => "name the key that the certificate was made with, often server.key",
            KeyProblem::NotPem | KeyProblem::NotRsa | KeyProblem::Unusable => {
                "make a pair, and upload the certificate to the app: openssl req -x509 -newkey rsa:2048 -nodes \
                 -keyout server.key -out server.crt -days 730 -subj /CN=orgwire"
            }
        }
    }
}

impl Jwt {
    /// The key is PEM, PKCS#8 or PKCS#1.
    pub fn new(
        client_id: String,
        username: String,
        pem: &str,
        audience: Option<String>,
    ) -> Result<Jwt, KeyProblem> {
        Ok(Jwt { client_id, username, audience, key: Arc::new(key(pem)?) })
    }

    pub(super) async fn granted(&self, endpoint: &Endpoint<'_>) -> Result<Granted, Error> {
        let audience = self.audience.clone().unwrap_or_else(|| audience(&endpoint.address));
        let assertion = self
            .assertion(&audience, SystemTime::now())
            .ok_or_else(|| endpoint.no_session(NoSession::Unsigned))?;
        endpoint.grant(Form::new(GRANT_TYPE).secret("assertion", &assertion)).await
    }

    /// `None` if the operating system gives no random bytes.
    fn assertion(&self, audience: &str, now: SystemTime) -> Option<String> {
        let expires = (now + VALID_FOR).duration_since(UNIX_EPOCH).ok()?.as_secs();
        let header = json!({ "alg": "RS256" });
        let claims = json!({ "iss": self.client_id, "sub": self.username, "aud": audience, "exp": expires });
        let encode = |part: String| BASE64_URL_SAFE_NO_PAD.encode(part);
        let signed = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).ok()?;
        Some(format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature)))
    }
}

impl fmt::Debug for Jwt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Jwt")
            .field("client_id", &self.client_id)
            .field("username", &self.username)
            .field("audience", &self.audience)
            .finish_non_exhaustive()
    }
}

fn key(pem: &str) -> Result<RsaKeyPair, KeyProblem> {
    if pem.contains("ENCRYPTED") {
        return Err(KeyProblem::Encrypted);
    }
    let der = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| {
        if pem.contains("BEGIN CERTIFICATE") { KeyProblem::Certificate } else { KeyProblem::NotPem }
    })?;
    let read = match &der {
        PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
        PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
        _ => return Err(KeyProblem::NotRsa),
    };
    read.map_err(|refused| {
        // The only telling part of what ring says: an EC key in PKCS#8 has another algorithm.
        if refused.to_string().contains("WrongAlgorithm") { KeyProblem::NotRsa } else { KeyProblem::Unusable }
    })
}

#[cfg(test)]
mod tests {
    use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
    use serde_json::Value;

    use super::*;

    const PKCS8: &str = include_str!("../../../tests/keys/rsa.pem");
    const PKCS1: &str = include_str!("../../../tests/keys/rsa-pkcs1.pem");

    fn jwt(pem: &str) -> Jwt {
        Jwt::new("3MVG9key".into(), "ci@acme.com.uat".into(), pem, None).unwrap()
    }

    #[test]
    fn an_assertion_says_who_asks_whom_and_for_how_long() {
        let now = UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let assertion = jwt(PKCS8).assertion("https://test.salesforce.com", now).unwrap();
        let parts: Vec<&str> = assertion.split('.').collect();
        let decoded = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).unwrap();
        let json = |part: &str| serde_json::from_slice::<Value>(&decoded(part)).unwrap();
        assert_eq!(json(parts[0]), json!({ "alg": "RS256" }));
        assert_eq!(
            json(parts[1]),
            json!({
                "iss": "3MVG9key", "sub": "ci@acme.com.uat", "aud": "https://test.salesforce.com",
                "exp": 1_800_000_180,
            })
        );
        let public = jwt(PKCS8).key.public().as_ref().to_vec();
        let signed = format!("{}.{}", parts[0], parts[1]);
        let verifier = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public);
        verifier.verify(signed.as_bytes(), &decoded(parts[2])).unwrap();
        assert!(verifier.verify(b"something else", &decoded(parts[2])).is_err());
    }

    #[test]
    fn both_forms_of_a_key_sign_the_same() {
        let now = UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let of = |pem| jwt(pem).assertion("https://login.salesforce.com", now);
        assert_eq!(of(PKCS8), of(PKCS1));
        // Whatever stands around it, as in a file with the whole chain.
        assert_eq!(
            of(PKCS8),
            of(&format!("Bag Attributes\n{}{PKCS8}", include_str!("../../../tests/keys/rsa.crt")))
        );
    }

    #[test]
    fn what_is_no_key_is_told_apart() {
        let problem = |pem: &str| Jwt::new(String::new(), String::new(), pem, None).unwrap_err();
        assert_eq!(problem("3MVG9"), KeyProblem::NotPem);
        assert_eq!(problem(include_str!("../../../tests/keys/encrypted.pem")), KeyProblem::Encrypted);
        assert_eq!(problem(include_str!("../../../tests/keys/rsa.crt")), KeyProblem::Certificate);
        assert_eq!(problem(include_str!("../../../tests/keys/ec.pem")), KeyProblem::NotRsa);
        assert_eq!(problem(include_str!("../../../tests/keys/short.pem")), KeyProblem::Unusable);
    }

    #[test]
    fn a_key_cannot_be_printed() {
        assert_eq!(
            format!("{:?}", jwt(PKCS8)),
            r#"Jwt { client_id: "3MVG9key", username: "ci@acme.com.uat", audience: None, .. }"#
        );
    }
}
