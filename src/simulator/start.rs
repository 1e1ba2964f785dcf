//! From options to an org that answers: its state, its port, its queue of deployments; and to its end.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::{
    Error, Options, Org, Ready, allowance, bounds, deploy, fault, pages, retrieve, sandbox, server, state,
    store,
};

pub(super) type Queued = tokio::sync::mpsc::UnboundedReceiver<String>;

fn first_state(options: &Options, name: &str) -> Result<state::State, Error> {
    let made = match &options.copied_from {
        Some(source) => {
            let source = options.neighbours.named(source).ok_or_else(|| Error::NoSource(source.clone()))?;
            source.store.read(|state| sandbox::copied(state, name))
        }
        None => state::State::new(),
    };
    let mut state = made.map_err(|source| Error::Random { source })?;
    options.first_day.arrange(&mut state.holdings);
    Ok(state)
}

pub(super) async fn prepare(options: Options) -> Result<(Arc<Org>, TcpListener, Queued), Error> {
    let name = options.name.clone().unwrap_or_else(state::local);
    let mut is_new = false;
    let store = store::Store::open(options.folder.as_deref(), || {
        is_new = true;
        first_state(&options, &name)
    })?;
    let port = options.port.or_else(|| store.read(|state| state.port)).unwrap_or(0);
    let listener =
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(|source| match source.kind() {
            io::ErrorKind::AddrInUse => Error::PortTaken { port },
            _ => Error::Listen { port, source },
        })?;
    let port = listener.local_addr().map_err(|source| Error::Listen { port, source })?.port();
    let ready = store.change(|state| {
        state.port = Some(port);
        state.name.clone_from(&name);
        state.nature = options.nature.unwrap_or(state.nature);
        Ready {
            org: name,
            instance_url: format!("http://127.0.0.1:{port}"),
            access_token: state.identity.access_token.clone(),
            username: state.identity.username.clone(),
            password: state.identity.password.clone(),
            organization_id: state.identity.organization_id.clone(),
        }
    })?;
    let nature = store.read(|state| state.nature);
    let (queue, queued) = deploy::engine::Queue::new();
    let clock = store.read(|state| state.holdings.clock.clone());
    let org = Org {
        clock,
        propagation: i64::try_from(options.propagation.as_millis()).unwrap_or(i64::MAX),
        store,
        visits: pages::visit::Visits::default(),
        faults: fault::Faults::new(options.faults),
        queue,
        retrievals: retrieve::Retrievals::default(),
        creation_blocked: options.spring_26_block,
        nature,
        is_new,
        neighbours: options.neighbours.clone(),
        pace: options.pace,
        ready,
        allowance: allowance::Allowance::new(options.daily_limit),
        rate: bounds::Rate::new(bounds::MOST_REQUESTS_PER_SECOND),
    };
    deploy::engine::bury_unfinished(&org)?;
    org.store.announce(&org.ready)?;
    let org = Arc::new(org);
    options.neighbours.add(&org);
    Ok((org, listener, queued))
}

/// How long open connections may take to end when the org stops.
const FAREWELL: Duration = Duration::from_secs(2);

pub(super) async fn serve(
    org: Arc<Org>,
    listener: TcpListener,
    queued: Queued,
    stopping: oneshot::Receiver<()>,
) {
    let engine = tokio::spawn(deploy::engine::run(org.clone(), queued));
    let (closing, closed) = oneshot::channel();
    let answering = tokio::spawn(server::serve(org.clone(), listener, async {
        let _ = stopping.await; // sent or dropped: both mean stop
        let _ = closing.send(());
    }));
    let _ = closed.await;
    // A connection that somebody keeps busy is not waited for.
    let _ = tokio::time::timeout(FAREWELL, answering).await;
    engine.abort();
    org.store.withdraw();
}
