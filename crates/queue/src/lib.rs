//! The queue's decisions: when a delivery is tried again, when it is given up, and whose turn it
//! is now.
//!
//! Touches nothing: no IO, no clock, no randomness. The store holds the truth; what is here is
//! made anew from it at every start, and forgetting an item costs a look-up, never a message.
//! Nothing here fails: a full scheduler says so, and the item stays in the store.

mod schedule;
mod scheduler;

pub use schedule::{NextStep, RetrySchedule};
pub use scheduler::{
    Added, Batch, DestinationStats, Item, Next, Outcome, RetryNow, Scheduler, SchedulerLimits,
};
