//! The orgs of one world, which is what several orgs in one process are to each other.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::Org;

/// Orgs that know of each other: a consumer key is one org's in the whole world, copies of that org aside (CA-14).
#[derive(Clone, Default)]
pub struct Neighbours(Arc<Mutex<Vec<Weak<Org>>>>);

impl std::fmt::Debug for Neighbours {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Neighbours")
    }
}

impl Neighbours {
    fn lock(&self) -> MutexGuard<'_, Vec<Weak<Org>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An org that runs from now on. It leaves by ending.
    pub(super) fn add(&self, org: &Arc<Org>) {
        self.lock().push(Arc::downgrade(org));
    }

    pub(super) fn named(&self, name: &str) -> Option<Arc<Org>> {
        self.lock().iter().filter_map(Weak::upgrade).find(|org| org.ready.org == name)
    }

    /// All but this one.
    pub(super) fn others(&self, of: &Org) -> Vec<Arc<Org>> {
        let all: Vec<Arc<Org>> = self.lock().iter().filter_map(Weak::upgrade).collect();
        all.into_iter().filter(|org| !std::ptr::eq(Arc::as_ptr(org), of)).collect()
    }

    /// The consumer keys that other orgs have, or had.
    pub(super) fn consumer_keys(&self, of: &Org) -> BTreeSet<String> {
        let others = self.others(of);
        others.iter().flat_map(|org| org.store.read(|state| state.holdings.consumer_keys.clone())).collect()
    }
}
