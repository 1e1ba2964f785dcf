//! A zip. Nothing that it says about itself is believed: bytes are counted while they are inflated.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use zip::ZipArchive;
use zip::result::{ZipError, ZipResult};

use super::{Error, Handle, Listing, MOST_BYTES, MOST_BYTES_OF_A_ZIP, MOST_FILES, Why};

/// The list of files inside, which is read whole: three times what [`MOST_FILES`] with long names need.
const MOST_BYTES_OF_THE_LIST: u64 = 32 << 20;

pub(super) struct Archive {
    path: PathBuf,
    archive: ZipArchive<Limited<BufReader<File>>>,
    /// Names that more than one file has. Programs differ in which of them they take, so none is.
    repeated: BTreeSet<Vec<u8>>,
    /// How much may still be inflated.
    room: u64,
}

/// Whether a file begins as a zip does, be it an empty one.
pub(super) fn begins_like_one(path: &Path) -> bool {
    let mut first = [0; 4];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut first));
    read.is_ok() && matches!(&first, b"PK\x03\x04" | b"PK\x05\x06")
}

impl Archive {
    pub fn open(path: &Path) -> Result<Archive, Error> {
        let failed = |source| Error::read(path, source);
        // A pipe cannot be read from its end, where a zip has its list.
        if fs::metadata(path).map_err(failed)?.len() > MOST_BYTES_OF_A_ZIP {
            return Err(Error::HugeZip { path: path.to_owned() });
        }
        let file = File::open(path).map_err(failed)?;
        let left = Arc::new(AtomicU64::new(MOST_BYTES_OF_THE_LIST));
        let limited = Limited { inner: BufReader::new(file), left: Arc::clone(&left) };
        let unusable = |source| Error::NotAZip { path: path.to_owned(), source };
        let archive = ZipArchive::new(limited).map_err(unusable)?;
        left.store(u64::MAX, Ordering::Relaxed);
        let repeated = if archive.has_duplicate_names() {
            repeated_names(path, archive.central_directory_start(), archive.len()).map_err(unusable)?
        } else {
            BTreeSet::new()
        };
        Ok(Archive { path: path.to_owned(), archive, repeated, room: MOST_BYTES_OF_A_ZIP })
    }

    pub fn name(&self, path: &str) -> String {
        format!("{path} (in {})", self.path.display())
    }

    pub fn list(&mut self, listing: &mut Listing<'_>) -> Result<(), Error> {
        for index in 0..self.archive.len() {
            let unusable = |source| Error::NotAZip { path: self.path.clone(), source };
            let entry = self.archive.by_index_data(index).map_err(unusable)?;
            let name = entry.name().map_err(unusable)?.into_owned();
            if index >= MOST_FILES {
                listing.leave_out(name, Why::TooManyFiles);
                break;
            }
            if entry.is_dir() || !listing.wants(&name) {
                continue;
            }
            if self.repeated.contains(entry.name_raw()) {
                listing.leave_out(name, Why::SameName);
            } else if is_link(entry.external_attributes()) {
                listing.leave_out(name, Why::Link);
            } else if entry.encrypted() {
                listing.leave_out(name, Why::Encrypted);
            } else {
                listing.add(name, entry.size(), Handle::Packed(index));
            }
        }
        Ok(())
    }

    pub fn read(&mut self, index: usize) -> Result<Vec<u8>, Why> {
        let mut file = self.archive.by_index(index).map_err(|error| Why::Unreadable(error.to_string()))?;
        let most = MOST_BYTES.min(self.room);
        let mut bytes = Vec::new();
        let read = (&mut file).take(most + 1).read_to_end(&mut bytes);
        let size = bytes.len() as u64;
        self.room = self.room.saturating_sub(size);
        if size > MOST_BYTES {
            Err(Why::TooLarge { size, limit: MOST_BYTES })
        } else if size > most {
            Err(Why::TooMuch)
        } else {
            read.map(|_| bytes).map_err(|error| Why::Unreadable(error.to_string()))
        }
    }
}

/// The mode that Unix keeps in the upper half, whatever system the entry claims to come from.
fn is_link(attributes: u32) -> bool {
    (attributes >> 16) & 0o170_000 == 0o120_000
}

/// The library keeps the last of several files of one name; so the list is looked through once more.
fn repeated_names(path: &Path, start: u64, different: usize) -> ZipResult<BTreeSet<Vec<u8>>> {
    let mut list = BufReader::new(File::open(path)?);
    list.seek(SeekFrom::Start(start))?;
    let mut names: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
    loop {
        let mut header = [0; 46];
        if list.read_exact(&mut header).is_err() || !header.starts_with(b"PK\x01\x02") {
            break;
        }
        let length = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
        let mut name = vec![0; usize::from(length(28))];
        list.read_exact(&mut name)?;
        list.seek_relative(i64::from(length(30)) + i64::from(length(32)))?;
        *names.entry(name).or_default() += 1;
    }
    // An extra field can give a file another name; then it is not known whose the contents are.
    if names.len() != different {
        return Err(ZipError::InvalidArchive("several files have one name".into()));
    }
    Ok(names.into_iter().filter(|(_, count)| *count > 1).map(|(name, _)| name).collect())
}

/// A reader that ends with an error after some bytes, wherever they are read.
struct Limited<R> {
    inner: R,
    left: Arc<AtomicU64>,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let before = self.left.load(Ordering::Relaxed);
        match before.checked_sub(read as u64) {
            Some(left) => {
                self.left.store(left, Ordering::Relaxed);
                Ok(read)
            }
            None => Err(io::Error::other("its list of files is too long")),
        }
    }
}

impl<R: Seek> Seek for Limited<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::super::testing::{contents, pairs};
    use super::super::{Files, Place};
    use super::*;

    /// A zip on disk, in a folder that lives as long as it.
    struct Zip {
        folder: tempfile::TempDir,
    }

    impl Zip {
        fn of(files: &[(&str, &str)]) -> Zip {
            Zip::written(|zip| {
                for (path, text) in files {
                    zip.start_file(*path, SimpleFileOptions::default()).unwrap();
                    zip.write_all(text.as_bytes()).unwrap();
                }
            })
        }

        fn written(write: impl FnOnce(&mut ZipWriter<File>)) -> Zip {
            let zip = Zip { folder: tempfile::tempdir().unwrap() };
            let mut writer = ZipWriter::new(File::create(zip.path()).unwrap());
            write(&mut writer);
            writer.finish().unwrap();
            zip
        }

        /// With bytes replaced everywhere, as no library would write it.
        fn forged(self, from: &[u8], to: &[u8]) -> Zip {
            assert_eq!(from.len(), to.len());
            let mut bytes = fs::read(self.path()).unwrap();
            let places: Vec<usize> =
                (0..=bytes.len() - from.len()).filter(|at| bytes[*at..].starts_with(from)).collect();
            assert!(!places.is_empty());
            places.into_iter().for_each(|at| bytes[at..at + from.len()].copy_from_slice(to));
            fs::write(self.path(), bytes).unwrap();
            self
        }

        fn path(&self) -> PathBuf {
            self.folder.path().join("a.zip")
        }

        fn open(&self) -> Result<Files, Error> {
            Files::open(&Place::Zip(self.path()))
        }
    }

    /// The four bytes of a size, as a header holds them.
    fn size(size: u32) -> [u8; 4] {
        size.to_le_bytes()
    }

    #[test]
    fn files_keep_the_folder_that_an_org_puts_around_them() {
        let zip = Zip::of(&[
            ("unpackaged/package.xml", "<Package/>"),
            ("unpackaged/connectedApps/", ""),
            ("unpackaged/connectedApps/Ö.connectedApp", "<ConnectedApp/>"),
            ("unpackaged/.sfdx/state", "x"),
        ]);
        let mut files = zip.open().unwrap();
        let (read, left_out) = contents(&mut files, |_| true);
        assert_eq!(
            pairs(&read),
            [
                ("unpackaged/connectedApps/Ö.connectedApp", "<ConnectedApp/>"),
                ("unpackaged/package.xml", "<Package/>"),
            ]
        );
        assert!(left_out.is_empty(), "{left_out:?}");
        assert_eq!(files.name("a"), format!("a (in {})", zip.path().display()));
    }

    #[test]
    fn paths_that_lead_elsewhere_are_left_out_by_name_and_the_rest_is_read() {
        let zip = Zip::of(&[
            ("../../up.xml", ""),
            ("/root.xml", ""),
            ("C:/drive.xml", ""),
            ("a/b.xml", "good"),
            ("a\\back.xml", ""),
            ("../unwanted", ""),
        ]);
        let (read, left_out) = contents(&mut zip.open().unwrap(), |path| path.ends_with(".xml"));
        assert_eq!(pairs(&read), [("a/b.xml", "good")]);
        assert_eq!(
            left_out,
            [
                "../../up.xml: it leads out of the place that was named",
                "/root.xml: its path begins at the root of a disk",
                "C:/drive.xml: its path begins at the root of a disk",
                "a\\back.xml: its path has a backslash, which means a folder on some systems only",
            ]
        );
    }

    #[test]
    fn links_and_encrypted_files_are_left_out() {
        let zip = Zip::written(|zip| {
            zip.add_symlink("link", "/etc/passwd", SimpleFileOptions::default()).unwrap();
            zip.start_file("secret", SimpleFileOptions::default()).unwrap();
            zip.write_all(b"x").unwrap();
        });
        // The first bit of the flags, in the header of the file and in the list: encrypted.
        let mut bytes = fs::read(zip.path()).unwrap();
        for (magic, flags, name) in [(b"PK\x03\x04", 6, 30), (b"PK\x01\x02", 8, 46)] {
            let at = (0..bytes.len())
                .find(|at| bytes[*at..].starts_with(magic) && bytes[at + name..].starts_with(b"secret"))
                .unwrap();
            bytes[at + flags] |= 1;
        }
        fs::write(zip.path(), bytes).unwrap();
        let (read, left_out) = contents(&mut zip.open().unwrap(), |_| true);
        assert!(read.is_empty());
        assert_eq!(left_out, ["link: it is a link", "secret: it is encrypted"]);
    }

    #[test]
    fn of_files_with_one_name_none_is_taken() {
        let zip = Zip::of(&[("same.xml", "first"), ("SAME.xml", "second"), ("other.xml", "other")])
            .forged(b"SAME", b"same");
        let (read, left_out) = contents(&mut zip.open().unwrap(), |_| true);
        assert_eq!(pairs(&read), [("other.xml", "other")]);
        assert_eq!(left_out, ["same.xml: more than one file in the zip has this name"]);
    }

    #[test]
    fn a_bomb_is_left_out_whether_it_tells_its_size_or_not() {
        let large = u32::try_from(MOST_BYTES + 1).unwrap();
        let bomb = || {
            Zip::written(|zip| {
                zip.start_file("bomb", SimpleFileOptions::default()).unwrap();
                io::copy(&mut io::repeat(0).take(MOST_BYTES + 1), zip).unwrap();
                zip.start_file("harmless", SimpleFileOptions::default()).unwrap();
                zip.write_all(b"x").unwrap();
            })
        };
        for (zip, why) in [
            (bomb(), "it has more than 64 MiB"),
            (bomb().forged(&size(large), &size(7)), "File is larger than its declared uncompressed size"),
        ] {
            let (read, left_out) = contents(&mut zip.open().unwrap(), |_| true);
            assert_eq!(pairs(&read), [("harmless", "x")]);
            assert_eq!(left_out, [format!("bomb: {why}")]);
        }
    }

    #[test]
    fn files_that_are_too_much_together_are_left_out_from_there_on() {
        let zip = Zip::of(&[("a", "123"), ("b", "456"), ("c", "7")]);
        let mut archive = Archive::open(&zip.path()).unwrap();
        archive.room = 5;
        assert_eq!(archive.read(0), Ok(b"123".to_vec()));
        assert_eq!(archive.read(1), Err(Why::TooMuch));
        assert_eq!(archive.read(2), Err(Why::TooMuch));
    }

    #[test]
    fn of_too_many_files_the_first_are_listed() {
        let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        let zip = Zip::written(|zip| {
            for at in 0..MOST_FILES + 2 {
                zip.start_file(format!("{at:06}"), stored).unwrap();
            }
        });
        let (entries, left_out) = zip.open().unwrap().list(|_| true).unwrap();
        assert_eq!(entries.len(), MOST_FILES);
        assert_eq!(left_out.len(), 1);
        assert_eq!((left_out[0].path.as_str(), &left_out[0].why), ("050000", &Why::TooManyFiles));
    }

    #[test]
    fn a_damaged_file_is_left_out_and_the_rest_is_read() {
        let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        let zip = Zip::written(|zip| {
            for (name, text) in [("a", "whole"), ("b", "broken")] {
                zip.start_file(name, stored).unwrap();
                zip.write_all(text.as_bytes()).unwrap();
            }
        })
        .forged(b"broken", b"BROKEN");
        let (read, left_out) = contents(&mut zip.open().unwrap(), |_| true);
        assert_eq!(pairs(&read), [("a", "whole")]);
        assert_eq!(left_out, ["b: Invalid checksum"]);
    }

    #[test]
    fn what_is_no_zip_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("not.zip");
        let opened = || Files::open(&Place::Zip(path.clone())).err().unwrap().to_string();
        assert_eq!(opened(), format!("cannot read `{}`", path.display()));
        fs::write(&path, "text").unwrap();
        assert_eq!(opened(), format!("`{}` is not a zip file that can be opened", path.display()));
        let whole = fs::read(Zip::of(&[("a", "b")]).path()).unwrap();
        fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        assert_eq!(opened(), format!("`{}` is not a zip file that can be opened", path.display()));
        File::create(&path).unwrap().set_len(MOST_BYTES_OF_A_ZIP + 1).unwrap();
        assert_eq!(opened(), format!("`{}` has more than 512 MiB", path.display()));
    }
}
