//! Following the config's files while the gateway runs.
//!
//! ```text
//! something in the folder changes ─▶ 200 ms of quiet ─▶ do the files differ?
//!        ▲                                                │ yes
//!        │                                    read ─▶ replace, or keep the last good one
//!        └────────────────────────────────────────────────┘
//! ```
//!
//! Folders are watched, not files: an editor saves by putting a new file in the
//! place of the old one, and a watch on the old one goes deaf. What decides is
//! the files' content, so that reading them, or what else happens in the folder,
//! changes nothing.

use std::{
    collections::{BTreeSet, hash_map::RandomState},
    fs::File,
    hash::{BuildHasher as _, Hasher as _},
    io::Read as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use oc_config::{Config, Settings};
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};

use crate::{ids::unix_now, live::Live};

/// A change is acted on when nothing has changed for this long.
pub const QUIET: Duration = Duration::from_millis(200);
/// Or when the changes have not ceased for this long.
const LONGEST: Duration = Duration::from_secs(2);
/// The most of a file that is compared.
const COMPARED: u64 = 32 * 1024 * 1024;

/// What a reading of the config's files gave.
#[derive(Debug)]
#[non_exhaustive]
pub struct Fresh {
    /// The config.
    pub config: Config,
    /// The settings.
    pub settings: Settings,
    /// Every file that they depend on, there or not.
    pub watch: Vec<PathBuf>,
}

impl Fresh {
    /// What was read, and what it depends on.
    pub fn new(config: Config, settings: Settings, watch: Vec<PathBuf>) -> Self {
        Self { config, settings, watch }
    }
}

/// The files cannot be watched; the gateway serves on with what it has.
#[derive(Debug, thiserror::Error)]
#[error("the config's files cannot be watched, and changes need a restart")]
pub struct WatchError(#[from] notify::Error);

/// The files that the config in force depends on, as they were when it was read.
///
/// Taken right after the reading, so that an edit made before [`follow`] begins
/// is not missed.
#[derive(Debug)]
pub struct Seen {
    watch: Vec<PathBuf>,
    print: u64,
    hasher: RandomState,
}

impl Seen {
    /// These files as they are now.
    pub fn now(watch: Vec<PathBuf>) -> Self {
        let hasher = RandomState::new();
        Self { print: print(&watch, &hasher), watch, hasher }
    }

    /// Whether there is no file at all to follow.
    pub fn is_empty(&self) -> bool {
        self.watch.is_empty()
    }
}

/// Reads the config again whenever one of its files has changed, and puts it in
/// force; what cannot be read or acted on is logged, and the last good config
/// stays.
///
/// Returns when the config in force has `gateway.reload.mode: "off"`, at once or
/// after a change. Dropping the future stops the watching.
///
/// # Errors
/// When the folders cannot be watched.
pub async fn follow(
    live: &Live,
    seen: Seen,
    mut read: impl AsyncFnMut() -> Result<Fresh, String>,
) -> Result<(), WatchError> {
    let Seen { mut watch, print: before, hasher } = seen;
    // What the files held when they were last read.
    let mut read_as = Some(before);
    while live.state().config().reload_mode().reloads() {
        let changed = Arc::new(Notify::new());
        // Watching begins before the files are looked at, so that nothing is
        // missed in between.
        let watched = folders(&watch);
        let _watcher = watcher(&watched, &changed)?;
        let mut now = print(&watch, &hasher);
        let before = read_as.unwrap_or(now);
        // A folder that comes or goes changes what is to be watched.
        while now == before && folders(&watch) == watched {
            changed.notified().await;
            settled(&changed).await;
            now = print(&watch, &hasher);
        }
        read_as = Some(now);
        if now == before {
            continue;
        }
        if let Some(fresh) = apply(live, read().await)
            && fresh != watch
        {
            (watch, read_as) = (fresh, None);
        }
    }
    tracing::info!("gateway.reload.mode is off: changes of the config need a restart");
    Ok(())
}

/// Puts a reading in force; what to watch from now on, where that went well.
fn apply(live: &Live, read: Result<Fresh, String>) -> Option<Vec<PathBuf>> {
    let outcome = read.and_then(|Fresh { config, settings, watch }| {
        let kept = live.replace(config, settings).map_err(|error| error.to_string())?;
        Ok((kept, watch))
    });
    let (noted, watch) = match outcome {
        Ok((kept, watch)) => {
            tracing::info!("config read again and in force");
            for setting in kept {
                tracing::warn!("{setting} has changed: that needs a restart");
            }
            (Ok(()), Some(watch))
        }
        Err(why) => {
            tracing::error!("config reload skipped, the last good config stays: {why}");
            (Err(why), None)
        }
    };
    live.lasting().note_reload(noted);
    watch
}

/// How the changes of the config went, for the status.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub(crate) struct Reloads {
    /// How many came into force.
    applied: u64,
    /// How many did not.
    skipped: u64,
    /// When the last one was, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_at: Option<u64>,
    /// Why the last one did not come into force.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

impl Reloads {
    pub(crate) fn note(&mut self, outcome: Result<(), String>) {
        match outcome {
            Ok(()) => self.applied += 1,
            Err(_) => self.skipped += 1,
        }
        self.problem = outcome.err();
        self.last_at = Some(unix_now());
    }
}

/// Tells of whatever happens in the folders of these files.
fn watcher(
    folders: &BTreeSet<PathBuf>,
    changed: &Arc<Notify>,
) -> notify::Result<RecommendedWatcher> {
    let changed = Arc::clone(changed);
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // Reading is an event too, and an overflow is no event.
        if event.map_or(true, |event| !event.kind.is_access()) {
            changed.notify_one();
        }
    })?;
    for folder in folders {
        watcher.watch(folder, RecursiveMode::NonRecursive)?;
    }
    Ok(watcher)
}

/// The folders of these files. Of one that is not there yet the nearest above
/// it: that is where it will appear.
fn folders(paths: &[PathBuf]) -> BTreeSet<PathBuf> {
    let folder = |path: &PathBuf| {
        let above = path.ancestors().skip(1).map(|folder| match folder.as_os_str().is_empty() {
            true => Path::new("."),
            false => folder,
        });
        above.into_iter().find(|folder| folder.is_dir()).map(Path::to_path_buf)
    };
    paths.iter().filter_map(folder).collect()
}

/// Waits until nothing has changed for [`QUIET`].
async fn settled(changed: &Notify) {
    let latest = Instant::now() + LONGEST;
    loop {
        tokio::select! {
            biased;
            () = sleep_until(latest.min(Instant::now() + QUIET)) => return,
            () = changed.notified() => {}
        }
        if Instant::now() >= latest {
            return;
        }
    }
}

/// One number for the content of all these files.
fn print(paths: &[PathBuf], hasher: &RandomState) -> u64 {
    let mut print = hasher.build_hasher();
    let mut buffer = [0; 8192];
    for path in paths {
        let Ok(file) = File::open(path) else {
            print.write_u8(0);
            continue;
        };
        print.write_u8(1);
        let mut file = file.take(COMPARED);
        while let Ok(read @ 1..) = file.read(&mut buffer) {
            print.write(buffer.get(..read).unwrap_or_default());
        }
    }
    print.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_of_changes_is_one_change() {
        let changed = Notify::new();
        let begun = Instant::now();
        let burst = async {
            for _ in 0..4 {
                tokio::time::sleep(QUIET / 2).await;
                changed.notify_one();
            }
        };
        tokio::join!(settled(&changed), burst);
        assert_eq!(begun.elapsed(), 3 * QUIET);
    }

    #[tokio::test(start_paused = true)]
    async fn changes_without_end_are_acted_on() {
        let changed = Notify::new();
        let begun = Instant::now();
        let restless = async {
            loop {
                tokio::time::sleep(QUIET / 4).await;
                changed.notify_one();
            }
        };
        tokio::select! { () = settled(&changed) => {}, () = restless => {} }
        assert_eq!(begun.elapsed(), LONGEST);
    }
}
