//! Metrics and health over HTTP, for machines: `/metrics`, `/health/live`, `/health/ready`.
//!
//! May touch: its own listener, only where `[metrics] listen` names one. Tells counts, never
//! names: no tenant, address or domain is ever a label.

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;

use crate::world::World;

static METRICS: OnceLock<PrometheusHandle> = OnceLock::new();

/// Starts counting. Without a listener the counters are kept all the same: they cost nothing.
pub(crate) fn install_metrics() {
    if METRICS.get().is_none()
        && let Ok(handle) = PrometheusBuilder::new().install_recorder()
    {
        // Lost only to a second node of the same process, whose counts then join these.
        let _ = METRICS.set(handle);
    }
}

/// Answers until the node stops.
pub(crate) async fn serve(listener: TcpListener, world: Arc<World>) {
    let router = Router::new()
        .route("/metrics", get(metrics))
        .route("/health/live", get(|| async { "live\n" }))
        .route("/health/ready", get(ready))
        .with_state(world);
    if let Err(error) = axum::serve(listener, router).await {
        tracing::error!(%error, "metrics and health are gone");
    }
}

async fn metrics(State(world): State<Arc<World>>) -> String {
    if let Ok(counts) = world.store().counts().await {
        ::metrics::gauge!("posthouse_queue_recipients").set(counts.queued as f64);
        ::metrics::gauge!("posthouse_held_recipients").set(counts.held as f64);
        ::metrics::gauge!("posthouse_damaged_recipients").set(counts.damaged as f64);
        let age = counts.oldest.map_or(0.0, |oldest| world.now().since(oldest).as_secs_f64());
        ::metrics::gauge!("posthouse_queue_oldest_seconds").set(age);
    }
    METRICS.get().map(PrometheusHandle::render).unwrap_or_default()
}

/// Ready means: mail would be taken now. The reason for a no is one line.
async fn ready(State(world): State<Arc<World>>) -> (StatusCode, String) {
    let no = |text: String| (StatusCode::SERVICE_UNAVAILABLE, text + "\n");
    if world.stopping.has_begun() {
        return no("stopping".to_owned());
    }
    if !world.directory().is_loaded() {
        return no("the directory of tenants is being loaded".to_owned());
    }
    match world.store().check_room() {
        Ok(()) => (StatusCode::OK, "ready\n".to_owned()),
        Err(error) => no(error.to_string()),
    }
}
