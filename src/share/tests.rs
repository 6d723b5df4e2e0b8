//! Who gets a place, and when. Nothing here waits: what is ready is ready when it is asked.

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::*;

type Name = &'static str;

/// Somebody who stands in the queue.
struct Waiting(Name, BoxFuture<'static, Place<Name>>);

fn wait(shares: &Shares<Name>, holder: Name) -> Waiting {
    let shares = shares.clone();
    let mut waiting = Waiting(holder, async move { shares.take(&holder).await }.boxed());
    assert!(served(&mut waiting).is_none(), "{holder} had to wait");
    waiting
}

fn served(waiting: &mut Waiting) -> Option<Place<Name>> {
    (&mut waiting.1).now_or_never()
}

fn take(shares: &Shares<Name>, holder: Name, count: usize) -> Vec<Place<Name>> {
    (0..count).map(|_| shares.try_take(&holder).expect(holder)).collect()
}

/// The names of those who were served, in the order of the queue.
fn who(queue: &mut Vec<Waiting>, places: &mut Vec<(Name, Place<Name>)>) -> Vec<Name> {
    let mut names = Vec::new();
    queue.retain_mut(|waiting| match served(waiting) {
        Some(place) => {
            names.push(waiting.0);
            places.push((waiting.0, place));
            false
        }
        None => true,
    });
    names
}

#[test]
fn no_holder_has_more_than_its_share_though_places_are_free() {
    let shares = Shares::with_percent(4, 50);
    let held = take(&shares, "a", 2);
    assert!(shares.try_take(&"a").is_none());
    let mut third = wait(&shares, "a");
    // Others are not kept waiting by one who waits for its own places.
    let others = take(&shares, "b", 2);
    assert!(shares.try_take(&"c").is_none(), "all are taken");
    drop(others);
    assert!(served(&mut third).is_none());
    drop(held);
    assert!(served(&mut third).is_some());
}

#[test]
fn whoever_has_least_is_first_and_then_whoever_waited_longest() {
    let shares = Shares::new(3, 2);
    let (mut a, mut b) = (take(&shares, "a", 2), take(&shares, "b", 1));
    let mut queue: Vec<_> = ["a", "b", "c", "d", "c"].map(|name| wait(&shares, name)).into();
    let mut places = Vec::new();
    // One of a's comes back: a has one, b has one, c and d have none.
    drop(a.pop());
    assert_eq!(who(&mut queue, &mut places), ["c"]);
    drop(b.pop());
    // Now b and d have none, and b was there before d.
    assert_eq!(who(&mut queue, &mut places), ["b"]);
    drop(a.pop());
    assert_eq!(who(&mut queue, &mut places), ["a"]);
    // All three are held again, by c, b and a; of what comes back d is first, though c waits too.
    places.retain(|(name, _)| *name != "c");
    assert_eq!(who(&mut queue, &mut places), ["d"]);
    places.clear();
    assert_eq!(who(&mut queue, &mut places), ["c"]);
}

#[test]
fn who_leaves_the_queue_takes_nothing_with_it() {
    let shares = Shares::new(1, 1);
    let only = take(&shares, "a", 1);
    let left = wait(&shares, "b");
    let mut stays = wait(&shares, "c");
    drop(left);
    drop(only);
    let place = served(&mut stays).expect("the place");

    // Granted and not looked at: it comes back too.
    let granted = wait(&shares, "b");
    drop(place);
    drop(granted);
    assert!(shares.try_take(&"d").is_some());
}

#[test]
fn every_share_is_at_least_one_place() {
    for (places, percent, each) in [(1, 50, 1), (3, 50, 1), (16, 50, 8), (2, 1, 1), (5, 100, 5)] {
        let shares = Shares::with_percent(places, percent);
        let held = take(&shares, "a", each);
        assert!(shares.try_take(&"a").is_none(), "{places} {percent}");
        assert_eq!(shares.try_take(&"b").is_some(), each < places, "{places} {percent}");
        drop(held);
    }
    assert!(Shares::new(0, 0).try_take(&"a").is_some());
}
