//! The keys of a ring in files.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::StoreError;
use crate::token::{KeyStore, StoredKeys, random_id};

/// What the names of files begin with; the version follows.
const PREFIX: &str = "keys.";
/// How many files from before stay, for servers that read one while it is replaced.
const KEPT: u64 = 2;

/// Keeps the keys of a [`KeyRing`](crate::token::KeyRing) in a folder of its own, for servers on one machine. Sessions have other stores.
///
/// Each version is a file, `keys.1`, `keys.2` and so on. A version is written whole beside the others and then linked to its name, which the
/// file system lets only one process do. So the folder has to be on a file system with hard links, and not on one of a network. On Unix
/// only the owner can read folder and files.
///
/// ```no_run
/// use countersign::store::{FileKeyStore, StoreError};
///
/// let store = FileKeyStore::open("/var/lib/myapp/keys")?;
/// # Ok::<(), StoreError>(())
/// ```
#[derive(Clone, Debug)]
pub struct FileKeyStore {
    folder: PathBuf,
}

impl FileKeyStore {
    /// Uses a folder, and makes it if there is none.
    ///
    /// # Errors
    ///
    /// When the folder cannot be made or read.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, StoreError> {
        let folder = folder.as_ref().to_path_buf();
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&folder).map_err(StoreError::new)?;
        let store = Self { folder };
        store.latest().map_err(StoreError::new)?;
        Ok(store)
    }

    fn file(&self, version: u64) -> PathBuf {
        self.folder.join(format!("{PREFIX}{version}"))
    }

    /// The versions that are there.
    fn versions(&self) -> io::Result<Vec<u64>> {
        let mut versions = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let name = entry?.file_name();
            let version = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.parse::<u64>().ok());
            versions.extend(version);
        }
        Ok(versions)
    }

    /// The latest version, 0 if there is none.
    fn latest(&self) -> io::Result<u64> {
        Ok(self.versions()?.into_iter().max().unwrap_or(0))
    }

    fn load(&self) -> io::Result<Option<StoredKeys>> {
        loop {
            let version = self.latest()?;
            if version == 0 {
                return Ok(None);
            }
            match fs::read(self.file(version)) {
                Ok(document) => return Ok(Some(StoredKeys::new(version, document))),
                // Newer ones came, and this one is gone.
                Err(error) if error.kind() == io::ErrorKind::NotFound && self.latest()? > version => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn replace(&self, document: &[u8], expected_version: u64, draft: &Path) -> io::Result<bool> {
        let version =
            expected_version.checked_add(1).ok_or_else(|| io::Error::other("no version is left"))?;
        if self.latest()? != expected_version {
            return Ok(false);
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(draft)?;
        file.write_all(document)?;
        file.sync_all()?;
        match fs::hard_link(draft, self.file(version)) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
            Err(error) => return Err(error),
        }
        // The name may have been free because it was removed: then there are later versions. Beside them this one counts for nothing.
        if self.latest()? > version.saturating_add(KEPT) {
            return Ok(false);
        }
        // The name has to outlive a loss of power too. Only Unix opens folders.
        #[cfg(unix)]
        fs::File::open(&self.folder)?.sync_all()?;
        for old in self.versions()? {
            if old.saturating_add(KEPT) < version {
                // Another server may have removed it.
                let _ = fs::remove_file(self.file(old));
            }
        }
        Ok(true)
    }
}

// A few kilobytes of a local disk: shorter than a change of threads.
impl KeyStore for FileKeyStore {
    async fn load_keys(&self) -> Result<Option<StoredKeys>, StoreError> {
        self.load().map_err(StoreError::new)
    }

    async fn replace_keys(&self, document: &[u8], expected_version: u64) -> Result<bool, StoreError> {
        let draft = self.folder.join(format!("draft.{}", random_id().map_err(StoreError::new)?));
        let replaced = self.replace(document, expected_version, &draft);
        let _ = fs::remove_file(&draft);
        replaced.map_err(StoreError::new)
    }
}
