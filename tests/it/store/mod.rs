//! One conformance suite, run on every store; then what only one of them promises.

mod desk;
mod inbox;
mod lists;
mod made;
mod observations;
mod people;
mod settling;
mod sqlite;
mod upkeep;

use std::any::Any;
use std::sync::Arc;

use frontdesk::store::{self, Store, StoreOptions, StoreRole};

/// A fresh store, and whatever has to live as long as it.
pub struct Stand {
    pub store: Arc<dyn Store>,
    _keep: Box<dyn Any + Send>,
}

/// Refusals that test stores keep.
pub const REFUSALS: u64 = 20;

pub fn options(dir: &std::path::Path, role: StoreRole) -> StoreOptions {
    StoreOptions {
        url: format!("sqlite:{}", dir.join("test.db").display()),
        refusals: REFUSALS,
        role,
    }
}

async fn sqlite_stand() -> Stand {
    let dir = tempfile::tempdir().unwrap();
    let store = store::open(options(dir.path(), StoreRole::Gateway))
        .await
        .unwrap();
    Stand {
        store,
        _keep: Box::new(dir),
    }
}

macro_rules! conformance {
    ($($subject:ident: $($test:ident),+;)+) => {
        mod on_sqlite {
            $($(
                #[tokio::test]
                async fn $test() {
                    super::$subject::$test(super::sqlite_stand().await).await;
                }
            )+)+
        }
    };
}

conformance! {
    inbox:
        each_delivery_is_taken_once,
        the_same_delivery_fifty_times_at_once_is_one_event,
        a_claim_older_than_its_window_is_taken_over,
        an_invalid_event_holds_its_key_against_its_own_body,
        an_invalid_event_that_comes_again_and_is_valid_goes_on,
        an_event_that_stood_for_a_request_finds_its_place,
        an_event_whose_place_is_taken_ends,
        of_two_requests_with_one_key_one_is_processed,
        a_raw_request_comes_back_as_it_was,
        an_event_is_claimed_by_one_worker_oldest_first,
        what_is_handed_out_is_what_is_stored,
        an_event_put_off_comes_back_when_it_is_due,
        an_append_wakes_a_waiting_worker,
        concluded_events_are_replayed_when_asked,
        what_is_held_as_spam_is_let_in_and_never_replayed,
        a_replay_is_logged_in_the_commit_that_does_it,
        events_are_listed_by_their_code,
        events_are_listed_by_every_filter,
        events_are_found_by_id_and_delivery_id,
        what_waits_is_listed_whatever_became_of_its_neighbours_and_the_clock,
        a_replay_of_many_does_not_hold_up_what_comes_in,
        pages_are_stable_while_events_arrive,
        the_newest_refusals_are_kept;
    settling:
        a_settlement_counts_once,
        a_decision_sees_what_its_keys_match,
        a_taken_key_stays_where_it_is,
        a_broken_settlement_does_not_spoil_the_others,
        a_replayed_event_keeps_what_it_touched_before,
        turns_are_spent_once_each_under_parallel_settlements;
    lists:
        records_are_listed_by_every_filter,
        words_find_records_and_what_belongs_to_contacts,
        a_contact_is_listed_by_every_address_it_is_known_by,
        long_words_are_told_apart,
        deleted_records_are_left_out_but_known,
        records_are_listed_by_update_for_those_who_follow,
        followers_miss_no_update_whatever_its_time,
        a_contacts_timeline_tells_of_its_leads,
        the_feed_goes_on_where_a_reader_stopped,
        strange_cursors_are_refused;
    people:
        reps_and_teams_are_kept_while_they_are_named,
        nothing_names_who_is_not_there,
        rules_are_published_on_top_of_the_current_ones,
        the_last_decision_on_a_lead_is_shown,
        a_lead_may_be_decided_on_as_often_as_one_likes,
        tokens_live_until_they_are_revoked,
        alarms_stand_until_they_are_cleared;
    observations:
        traffic_is_counted_by_stream,
        documents_are_revised_as_they_stand;
    desk:
        versions_are_kept_with_who_made_them,
        a_draft_is_saved_by_one_at_a_time,
        a_draft_that_is_published_is_gone_with_it,
        what_was_given_and_what_is_open_is_counted,
        amendments_see_and_write_one_lead,
        lines_keep_their_order,
        offers_are_due_in_their_order,
        ties_are_shown_to_decisions,
        the_past_is_told_oldest_first;
    upkeep:
        a_purge_removes_what_is_old_and_nothing_that_waits,
        a_purged_key_is_free_again,
        a_request_stays_until_its_last_event_goes,
        whatever_holds_a_body_goes_with_the_bodies,
        sizes_are_counted,
        a_key_of_its_own_is_made_once,
        a_closed_store_takes_nothing;
}
