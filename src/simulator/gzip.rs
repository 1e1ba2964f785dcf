//! Bodies that travel packed: requests are unpacked before anybody reads them, answers are packed for those who say
//! that they take it.

use std::io::{Read, Write};

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, TRANSFER_ENCODING, VARY};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;

use super::server::{LARGEST_BODY, typed};

/// Below this, packing makes an answer longer.
const SMALLEST: usize = 512;

/// The request with its body as it was before it was packed; or the answer that refuses it.
pub(super) async fn unpacked(request: Request) -> Result<Request, Response> {
    let encoding = request.headers().get(CONTENT_ENCODING).map(HeaderValue::as_bytes);
    match encoding {
        None | Some(b"identity") => return Ok(request),
        Some(encoding) if encoding.eq_ignore_ascii_case(b"gzip") => {}
        Some(_) => {
            let text = "only gzip is taken as Content-Encoding (rehearsal wording)";
            return Err(typed(StatusCode::UNSUPPORTED_MEDIA_TYPE, "text/plain", text));
        }
    }
    let (mut parts, body) = request.into_parts();
    let too_large = || {
        // MD-21, and what a small body may become is bounded like a large one.
        let text = "Maximum size of request reached. Maximum size of request is 52428800 bytes.";
        typed(StatusCode::PAYLOAD_TOO_LARGE, "text/plain", text)
    };
    let packed = axum::body::to_bytes(body, LARGEST_BODY).await.map_err(|_| too_large())?;
    let mut plain = Vec::new();
    let limit = LARGEST_BODY as u64 + 1;
    let unpacking = MultiGzDecoder::new(&packed[..]).take(limit).read_to_end(&mut plain);
    if unpacking.is_err() {
        let text = "the body is not what its Content-Encoding says (rehearsal wording)";
        return Err(typed(StatusCode::BAD_REQUEST, "text/plain", text));
    }
    if plain.len() > LARGEST_BODY {
        return Err(too_large());
    }
    for header in [CONTENT_ENCODING, CONTENT_LENGTH, TRANSFER_ENCODING] {
        parts.headers.remove(header);
    }
    Ok(Request::from_parts(parts, Body::from(plain)))
}

/// Whether the client takes packed answers.
pub(super) fn is_wanted(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT_ENCODING).into_iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|coding| {
        let (name, quality) = coding.split_once(';').unwrap_or((coding, ""));
        name.trim().eq_ignore_ascii_case("gzip") && !matches!(quality.trim(), "q=0" | "q=0.0")
    })
}

/// The answer, packed if that is worth it.
pub(super) async fn packed(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let Ok(plain) = axum::body::to_bytes(body, usize::MAX).await else {
        return typed(StatusCode::INTERNAL_SERVER_ERROR, "text/plain", "the answer could not be made");
    };
    if plain.len() < SMALLEST || parts.headers.contains_key(CONTENT_ENCODING) {
        return Response::from_parts(parts, Body::from(plain));
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    match encoder.write_all(&plain).and_then(|()| encoder.finish()) {
        Ok(packed) => {
            parts.headers.remove(CONTENT_LENGTH);
            parts.headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            parts.headers.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
            Response::from_parts(parts, Body::from(packed))
        }
        Err(_) => Response::from_parts(parts, Body::from(plain)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(encoding: &str, body: Vec<u8>) -> Request {
        Request::builder().header(CONTENT_ENCODING, encoding).body(Body::from(body)).unwrap()
    }

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    #[tokio::test]
    async fn a_packed_body_is_read_as_it_was() {
        let request = unpacked(request("gzip", gzip(b"<deploy/>"))).await.unwrap();
        assert!(request.headers().get(CONTENT_ENCODING).is_none());
        assert_eq!(&axum::body::to_bytes(request.into_body(), 100).await.unwrap()[..], b"<deploy/>");
    }

    #[tokio::test]
    async fn bombs_nonsense_and_other_encodings_are_refused() {
        let bomb = gzip(&vec![0; LARGEST_BODY + 1]);
        assert!(bomb.len() < 1 << 20);
        for (encoding, body, status) in
            [("gzip", bomb, 413), ("gzip", b"no".to_vec(), 400), ("br", b"x".to_vec(), 415)]
        {
            assert_eq!(unpacked(request(encoding, body)).await.unwrap_err().status(), status);
        }
    }

    #[tokio::test]
    async fn answers_are_packed_for_those_who_ask() {
        let headers =
            |value: &'static str| HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(value))]);
        assert!(is_wanted(&headers("deflate, gzip")) && is_wanted(&headers("gzip;q=0.5")));
        assert!(
            !is_wanted(&headers("gzip;q=0")) && !is_wanted(&headers("br")) && !is_wanted(&HeaderMap::new())
        );
        let long = packed(typed(StatusCode::OK, "text/plain", "x".repeat(5000))).await;
        assert_eq!(long.headers()[CONTENT_ENCODING], "gzip");
        let bytes = axum::body::to_bytes(long.into_body(), 5000).await.unwrap();
        let mut plain = String::new();
        MultiGzDecoder::new(&bytes[..]).read_to_string(&mut plain).unwrap();
        assert_eq!(plain, "x".repeat(5000));
        let short = packed(typed(StatusCode::OK, "text/plain", "x")).await;
        assert!(short.headers().get(CONTENT_ENCODING).is_none());
    }
}
