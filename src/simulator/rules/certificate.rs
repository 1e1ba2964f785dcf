//! Rules of certificates: a text that is one, and when it expires, which the org works out itself.

use super::{Accepted, Incoming, Problem, leaf, text};
use crate::component::{Scalar, Tree};
use crate::simulator::clock::Moment;

/// Certificates, chains of them, and requests to sign one.
const BEGINS: [&str; 2] = ["-----BEGIN CERTIFICATE-----", "-----BEGIN CERTIFICATE REQUEST-----"];
const KEY_SIZES: [i64; 2] = [2048, 4096];
const YEAR: i64 = 365;

pub(super) fn check(incoming: &Incoming, accepted: &mut Accepted) -> Result<(), Problem> {
    let Some(content) = incoming.kind.content_field().map(|field| field.name.as_str()) else { return Ok(()) };
    let Some(pem) = text(&accepted.fields, content) else {
        return Err(Problem::error(format!(
            "the file certs/{}.crt is missing or empty (rehearsal wording)",
            incoming.name
        )));
    };
    // Private keys can be neither brought in nor taken out.
    if pem.contains("PRIVATE KEY") || !BEGINS.iter().any(|begin| pem.contains(begin)) {
        return Err(Problem::error(format!(
            "certs/{}.crt holds no certificate in PEM form (rehearsal wording)",
            incoming.name
        )));
    }
    let size = match accepted.fields.get("keySize") {
        Some(Tree::Leaf(Scalar::Number(size))) => *size,
        Some(other) => other.as_leaf().and_then(|leaf| leaf.to_string().parse().ok()).unwrap_or_default(),
        None => 2048, // what the description gives when all is accepted
    };
    if !KEY_SIZES.contains(&size) {
        return Err(Problem::error(format!("keySize: {size} is neither 2048 nor 4096 (rehearsal wording)")));
    }
    // Reading the date out of the text is left to real orgs: the documented ages do for a rehearsal.
    let stored = incoming.stored.map(|stored| &stored.fields);
    let is_new = stored.is_none_or(|stored| text(stored, content) != text(&accepted.fields, content));
    let kept = stored.and_then(|stored| stored.get("expirationDate"));
    let expires = match kept {
        Some(kept) if !is_new => kept.clone(),
        _ => leaf(Moment::now().days_after(if size == 4096 { 2 * YEAR } else { YEAR }).soap()),
    };
    accepted.fields.insert("expirationDate".into(), expires);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::Org;
    use super::*;

    const ELEMENTS: &str = "<caSigned>false</caSigned><masterLabel>Orders</masterLabel>";
    const PEM: &str = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";

    #[test]
    fn a_certificate_needs_its_text() {
        let mut org = Org::new();
        assert!(
            org.save("Certificate", "Orders", ELEMENTS).unwrap_err().contains("certs/Orders.crt is missing")
        );
        for wrong in ["MIIB", "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----"] {
            let error = org.save_with("Certificate", "Orders", ELEMENTS, Some(wrong)).unwrap_err();
            assert!(error.contains("holds no certificate in PEM form"), "{error}");
        }
        assert_eq!(org.save_with("Certificate", "Orders", ELEMENTS, Some(PEM)), Ok(vec![]));
    }

    #[test]
    fn its_end_is_worked_out_and_stays_until_the_text_changes() {
        let mut org = Org::new();
        org.save_with("Certificate", "Orders", ELEMENTS, Some(PEM)).unwrap();
        let end = |org: &Org| text(org.fields("Certificate", "Orders"), "expirationDate").unwrap().to_owned();
        let first = end(&org);
        assert!(first.ends_with('Z') && first.starts_with("20"), "{first}");
        org.save("Certificate", "Orders", ELEMENTS).unwrap();
        assert_eq!(end(&org), first);
        let small = format!("<keySize>2049</keySize>{ELEMENTS}");
        let error = org.save("Certificate", "Orders", &small).unwrap_err();
        assert!(error.contains("2049 is neither 2048 nor 4096"), "{error}");
    }
}
