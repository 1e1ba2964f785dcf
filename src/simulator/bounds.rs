//! How much the org takes on at a time. The bounds are far beyond what tests and people need: they keep a client that
//! runs wild from taking the machine with it. None of them is a limit of the platform.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::extract::connect_info::Connected;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::server::typed;

/// Connections that are open at the same time. Many systems let a process have 1,024 files open, and the org needs some
/// for itself.
pub(super) const MOST_CONNECTIONS: usize = 800;
/// Several times what one thread can answer; what is more than that would only pile up.
pub(super) const MOST_REQUESTS_PER_SECOND: u32 = 20_000;
/// Bytes of the zips that wait to be deployed: six of the largest there are (MD-21), or very many usual ones.
pub(super) const LARGEST_QUEUE: usize = 256 << 20;
/// Deployments that wait. Several times as many as a crowd of clients sends at once.
pub(super) const MOST_WAITING: usize = 1000;
/// Results that are kept, besides those that are not done: all are written to disk whenever one changes.
pub(super) const MOST_RESULTS: usize = 2000;

/// A listener that hangs up on whoever comes when there are too many.
pub(super) struct Bounded {
    listener: TcpListener,
    places: Arc<Semaphore>,
}

impl Bounded {
    pub fn new(listener: TcpListener, most: usize) -> Bounded {
        Bounded { listener, places: Arc::new(Semaphore::new(most)) }
    }
}

impl Listener for Bounded {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        loop {
            let (stream, peer) = Listener::accept(&mut self.listener).await;
            // Without a place the stream is dropped, which is all that is said about it.
            if let Ok(place) = self.places.clone().try_acquire_owned() {
                // small answers are not to wait for the next ones
                let _ = stream.set_nodelay(true);
                return (Connection { stream, _place: place }, peer);
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection, and its place until it ends.
pub(super) struct Connection {
    stream: TcpStream,
    _place: OwnedSemaphorePermit,
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

/// The other end of a connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub SocketAddr);

impl Connected<IncomingStream<'_, Bounded>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Bounded>) -> Peer {
        Peer(*stream.remote_addr())
    }
}

/// Counts the requests of each second.
pub(super) struct Rate {
    most: u32,
    /// When this second began, and how many came since.
    second: Mutex<(Instant, u32)>,
}

impl Rate {
    pub fn new(most: u32) -> Rate {
        Rate { most, second: Mutex::new((Instant::now(), 0)) }
    }

    /// Whether one more may come; by the machine's time, not by the org's.
    pub fn allows(&self, now: Instant) -> bool {
        let mut second = self.second.lock().unwrap_or_else(PoisonError::into_inner);
        if now.saturating_duration_since(second.0) >= Duration::from_secs(1) {
            *second = (now, 0);
        }
        second.1 = second.1.saturating_add(1);
        second.1 <= self.most
    }
}

/// What a request is told that came when too many did.
pub(super) fn too_many() -> Response {
    let body = r#"[{"message":"too many requests in one second (rehearsal wording)","errorCode":"SERVER_UNAVAILABLE"}]"#;
    let mut response = typed(StatusCode::SERVICE_UNAVAILABLE, "application/json;charset=UTF-8", body);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn whoever_finds_no_place_is_hung_up_on_until_there_is_one() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut bounded = Bounded::new(listener, 1);
        let first = TcpStream::connect(address).await.unwrap();
        let (mut served, peer) = bounded.accept().await;
        assert_eq!(peer, first.local_addr().unwrap());
        let mut second = TcpStream::connect(address).await.unwrap();
        let accepting = tokio::spawn(async move { bounded.accept().await });
        // an end, or a reset
        assert!(!matches!(second.read(&mut [0; 1]).await, Ok(1..)));
        served.write_all(b"x").await.unwrap();
        drop(served);
        let third = TcpStream::connect(address).await.unwrap();
        let (_served, peer) = accepting.await.unwrap();
        assert_eq!(peer, third.local_addr().unwrap());
    }

    #[test]
    fn a_second_has_so_many_requests_and_the_next_has_them_again() {
        let rate = Rate::new(2);
        let start = Instant::now();
        assert_eq!([(); 3].map(|()| rate.allows(start)), [true, true, false]);
        assert!(rate.allows(start + Duration::from_secs(2)));
    }

    #[test]
    fn too_many_requests_are_asked_to_come_back_in_a_second() {
        let response = too_many();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()[RETRY_AFTER], "1");
    }
}
