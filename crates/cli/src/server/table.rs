//! The connections, and which of them is cut if there is no room for another.

use super::peer::{Peer, STALLED, State};
use std::cmp::Reverse;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The largest number of connections.
pub const CONNECTIONS: usize = 256;

/// All connections.
#[derive(Default)]
pub(super) struct Table(Mutex<Vec<Arc<Peer>>>);

impl Table {
    /// Adds a connection. Nobody is kept out: if the table is full, the least important one is cut.
    pub fn enter(&self, ip: IpAddr) -> Arc<Peer> {
        let peer = Arc::new(Peer::new(ip));
        let mut peers = self.lock();
        while peers.len() >= CONNECTIONS && cut_one(&mut peers) {}
        peers.push(peer.clone());
        peer
    }

    /// Removes a connection.
    pub fn leave(&self, peer: &Arc<Peer>) {
        self.lock().retain(|other| !Arc::ptr_eq(other, peer));
    }

    /// Cuts the least important connection.
    pub fn make_room(&self) {
        cut_one(&mut self.lock());
    }

    /// Cuts the slowest of those that hold a needed resource, if it is too far behind.
    pub fn cut_stalled(&self, holds: impl Fn(&State) -> bool) {
        let peers = self.lock();
        let behind = peers.iter().map(|peer| (peer, peer.state()));
        let stalled = behind.filter(|(_, state)| !state.gone && holds(state) && state.behind() >= STALLED);
        if let Some((peer, _)) = stalled.max_by_key(|(_, state)| state.behind()) {
            peer.cut();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Peer>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn cut_one(peers: &mut Vec<Arc<Peer>>) -> bool {
    let mut shares: HashMap<IpAddr, usize> = HashMap::new();
    for peer in peers.iter() {
        *shares.entry(peer.ip).or_default() += 1;
    }
    let ranked = peers.iter().enumerate().map(|(at, peer)| (rank(&peer.state(), shares[&peer.ip]), at));
    let Some((_, at)) = ranked.min() else { return false };
    peers.swap_remove(at).cut();
    true
}

/// The smallest is cut first, ordered by: has not shown the token; has no work in progress; comes from an address with
/// many connections; has not asked anything yet; is furthest behind; has been connected longest.
fn rank(state: &State, share: usize) -> impl Ord + use<> {
    let is_worked_for = state.has_place && !state.is_awaited();
    (state.known, is_worked_for, Reverse(share), state.asks, Reverse(state.behind()), state.since)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn is_there(table: &Table, peer: &Arc<Peer>) -> bool {
        table.lock().iter().any(|other| Arc::ptr_eq(other, peer))
    }

    async fn later() {
        tokio::time::advance(Duration::from_secs(1)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn those_that_are_missed_least_go_first() {
        let table = Table::default();
        let mut peers = Vec::new();
        // From the one that is kept longest to the one that is cut first.
        for what in ["known", "worked for", "new", "behind", "idle", "long idle"] {
            let peer = table.enter(HERE);
            match what {
                "known" => peer.is_known(),
                "worked for" => {
                    peer.asks();
                    peer.has_place();
                }
                "new" => peer.asks(),
                "behind" => {
                    peer.asks();
                    peer.is_awaited();
                }
                _ => {}
            }
            peers.push(peer);
        }
        later().await;
        // One that was just answered has been idle for less time than one that never asked.
        peers[4].is_answered();
        while let Some(last) = peers.pop() {
            assert!(is_there(&table, &last));
            table.make_room();
            assert!(!is_there(&table, &last));
            last.cut_off().await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_table_takes_one_more_and_the_address_with_most_gives_one() {
        let table = Table::default();
        let alone = table.enter(IpAddr::from([10, 0, 0, 1]));
        later().await;
        let many: Vec<_> = (0..2 * CONNECTIONS).map(|_| table.enter(HERE)).collect();
        assert_eq!(table.lock().len(), CONNECTIONS);
        assert!(is_there(&table, &alone) && is_there(&table, many.last().unwrap()));
    }

    #[tokio::test(start_paused = true)]
    async fn only_who_keeps_us_waiting_is_cut_for_another() {
        let table = Table::default();
        let [slow, slower, works] = [(); 3].map(|()| table.enter(HERE));
        for peer in [&slow, &slower, &works] {
            peer.asks();
            peer.has_place();
        }
        slower.is_awaited();
        table.cut_stalled(|state| state.has_place);
        assert!(!slower.state().gone, "not yet");
        later().await;
        slow.is_awaited();
        later().await;
        for expected in [[false, true, false], [true, true, false], [true, true, false]] {
            table.cut_stalled(|state| state.has_place);
            assert_eq!([&slow, &slower, &works].map(|peer| peer.state().gone), expected);
        }
    }
}
