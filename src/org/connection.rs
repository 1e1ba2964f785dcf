//! The HTTP library: how it is set up for one org, and what its failures mean. Tokens are not known here.

use std::error::Error as StdError;
use std::io::{self, Write};
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::Body;
use reqwest::multipart::{Form, Part};
use zeroize::Zeroizing;

use super::address::Address;
use super::error::Trouble;

const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// A connection that has been idle for longer is not used again: the org may be closing it at that moment, and
/// then nobody could tell whether a deployment has arrived.
const IDLE_FOR: Duration = Duration::from_secs(20);

/// The HTTP client for one org. For an org on this machine neither proxies nor certificates are looked up: a token
/// must not travel to a proxy, and reading the system's certificates takes longer than the request.
pub(super) fn open(address: &Address) -> reqwest::Result<reqwest::Client> {
    // An error says that the program has chosen its provider already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("orgwire/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .connect_timeout(CONNECT_WITHIN)
        .pool_idle_timeout(IDLE_FOR);
    if address.loopback {
        // Whatever a resolver says, this name is this machine.
        let here = [([127, 0, 0, 1], 0).into(), ([0, 0, 0, 0, 0, 0, 0, 1u16], 0).into()];
        builder = builder.no_proxy().resolve_to_addrs("localhost", &here);
    }
    if address.is_plain() {
        builder = builder.tls_certs_only([]);
    }
    builder.build()
}

/// Options first, then the zip, both of known length: so the whole has a length, and goes out unchunked.
pub(super) fn package_form(options: Bytes, zip: Bytes) -> reqwest::Result<Form> {
    let part = |bytes: Bytes| {
        let length = bytes.len() as u64;
        Part::stream_with_length(Body::from(bytes), length)
    };
    let options = part(options).mime_str("application/json")?;
    let zip = part(zip).file_name("deploy.zip").mime_str("application/zip")?;
    Ok(Form::new().part("json", options).part("file", zip))
}

/// Bodies of more bytes than this go out packed: base64 alone is a third longer than what it stands for.
const WORTH_PACKING: usize = 4096;

/// The body in gzip, if that is worth the trouble. It holds a token, and is wiped.
pub(super) fn packed(body: &[u8]) -> Option<Bytes> {
    if body.len() <= WORTH_PACKING {
        return None;
    }
    // Large enough that it never grows: growing would leave copies behind.
    let buffer = Zeroizing::new(Vec::with_capacity(body.len() + body.len() / 8 + 1024));
    let mut encoder = GzEncoder::new(Wiped(buffer), Compression::fast());
    encoder.write_all(body).ok()?;
    Some(Bytes::from_owner(encoder.finish().ok()?.0))
}

/// A buffer that is wiped, to write to.
struct Wiped(Zeroizing<Vec<u8>>);

impl Write for Wiped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Sorts what the library says. The flag tells that nothing has been sent: a failure to connect is certain of that,
/// and after it only the org knows what has arrived.
pub(super) fn trouble(error: &reqwest::Error, address: &Address) -> (Trouble, bool) {
    let host = address.host().to_owned();
    let cause = innermost(error);
    let io_kind =
        causes(error).filter_map(|cause| cause.downcast_ref::<io::Error>()).last().map(io::Error::kind);
    // Hanging up when secure talk is proposed is what plain servers and some proxies do.
    let cut_handshake = !address.is_plain() && io_kind == Some(io::ErrorKind::UnexpectedEof);
    let tls = causes(error).any(|cause| cause.is::<rustls::Error>());

    if error.is_builder() {
        (Trouble::Setup(cause), true)
    } else if error.is_dns() {
        (Trouble::Unresolved { host, cause }, true)
    } else if error.is_connect() && (tls || cut_handshake) {
        (Trouble::Tls { host, cause }, true)
    } else if error.is_connect() && io_kind == Some(io::ErrorKind::ConnectionRefused) {
        (Trouble::Refused { host, cause }, true)
    } else if error.is_connect() {
        (Trouble::Unreachable { host, cause }, true)
    } else {
        (Trouble::Dropped { host, cause }, false)
    }
}

/// The cause of the cause of the cause: the only one of these texts that says something. The outer ones name the
/// whole URL, query and all.
pub(super) fn innermost(error: &reqwest::Error) -> String {
    causes(error).last().map_or_else(|| "no cause given".to_owned(), ToString::to_string)
}

/// All that went wrong on the way down, including what an I/O error wraps: it shows that one's source as its own,
/// and not the one itself.
fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn StdError + 'static)> {
    std::iter::successors(error.source(), |&cause| {
        match cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => cause.source(),
        }
    })
}
