//! `/api/v1` over the embedded store: who may, what is listed, what is refused and how.

mod calls;
mod desk;
mod health;
mod lists;
mod people;
mod rehearsals;
mod releases;
mod replays;
mod trail;
