//! The whole table.

use std::process::Command;

use futures::{StreamExt as _, stream};

use crate::{
    alone,
    dialects::{DIALECTS, Dialect},
    faults::{Certificate, FAULTS, Fault, Upstream},
    stage::{Cell, Observed},
    table, tls,
    wires::WIRES,
};

/// Cells that run at the same time.
const AT_ONCE: usize = 6;

/// Fewer than this, and somebody has lost some.
const CELLS: usize = 240;

/// Runs the table in a process of its own, which trusts the test's authority:
/// an expired certificate must fail because it has expired, and not because
/// nobody vouches for it.
#[test]
fn every_cell_is_on_target() {
    let _alone = alone();
    let run = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "matrix::the_table", "--ignored", "--nocapture"])
        .env("SSL_CERT_FILE", tls::authority())
        .env_remove("SSL_CERT_DIR")
        .output()
        .unwrap();
    let (out, err) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    println!("{out}");
    assert!(run.status.success() && out.contains("1 passed"), "{err}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "every_cell_is_on_target runs it, in a process that trusts the test's authority"]
async fn the_table() {
    let dialects: Vec<&Dialect> = DIALECTS.iter().collect();
    let faults = FAULTS.iter().filter(|fault| CAN_TRUST || !needs_trust(fault));
    let cells = faults.flat_map(|fault| {
        DIALECTS.iter().flat_map(move |dialect| {
            [true, false].into_iter().flat_map(move |stream| {
                WIRES.into_iter().map(move |wire| Cell { dialect, stream, wire, fault })
            })
        })
    });
    // A fault's cells stand together: what waits for a limit waits together.
    let observed: Vec<(Cell, Observed)> = stream::iter(cells)
        .map(|cell| async move { Some((cell, Box::pin(cell.observe()).await?)) })
        .buffered(AT_ONCE)
        .filter_map(std::future::ready)
        .collect()
        .await;

    let wrong: Vec<String> = observed
        .iter()
        .filter(|(_, observed)| !observed.wrong.is_empty())
        .map(|(cell, observed)| format!("{cell}:\n    {}", observed.wrong.join("\n    ")))
        .collect();
    println!("{} cells, {} of them wrong", observed.len(), wrong.len());
    assert!(wrong.is_empty(), "{} wrong cells\n{}", wrong.len(), wrong.join("\n"));
    assert!(observed.len() >= CELLS, "{} cells", observed.len());
    if CAN_TRUST {
        table::check(&dialects, &observed);
    }
}

/// Elsewhere the platform's own store is asked, whatever the environment says.
const CAN_TRUST: bool = cfg!(target_os = "linux");

/// Whether its target is reached only where the test's authority is trusted.
fn needs_trust(fault: &Fault) -> bool {
    matches!(fault.primary, Upstream::Tls(Certificate::Good))
}
