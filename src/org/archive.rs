//! Opens the zip that an org hands out: bounded, and only with paths that stay inside. Knows nothing of types.

use std::io::{Cursor, Read as _};

use zip::ZipArchive;

/// What the platform allows in one retrieve (MD-20), and the manifest beside it.
const MOST_FILES: usize = 10_000 + 1;
/// Unpacked (MD-22).
const MOST_BYTES: u64 = 600 << 20;

/// One file: its path inside the package, as the org writes it, and its bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub path: String,
    pub bytes: Vec<u8>,
}

/// All files of a zip. An error completes the sentence "the retrieved zip ...".
pub(super) fn open(zip: &[u8]) -> Result<Vec<Entry>, String> {
    let mut archive =
        ZipArchive::new(Cursor::new(zip)).map_err(|cause| format!("cannot be opened ({cause})"))?;
    let mut entries: Vec<Entry> = Vec::new();
    let mut room = MOST_BYTES;
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).map_err(|cause| format!("cannot be read ({cause})"))?;
        if file.is_dir() {
            continue;
        }
        let name = file.name().map_err(|cause| format!("has a file without a readable name ({cause})"))?;
        let path = inside(&name).ok_or_else(|| format!("has a file outside of itself: {name:?}"))?;
        if file.is_symlink() {
            return Err(format!("has a link instead of a file: {name:?}"));
        }
        if entries.len() == MOST_FILES {
            return Err(format!("has more than {MOST_FILES} files"));
        }
        // The size that a header claims is not trusted, neither as a bound nor to reserve memory.
        let mut bytes = Vec::new();
        let read = (&mut file).take(room + 1).read_to_end(&mut bytes);
        read.map_err(|cause| format!("is damaged at `{path}` ({cause})"))?;
        room = room
            .checked_sub(bytes.len() as u64)
            .ok_or_else(|| format!("unpacks to more than {MOST_BYTES} bytes"))?;
        entries.push(Entry { path, bytes });
    }
    Ok(entries)
}

/// The path inside the package, or `None` if it leads elsewhere on any system.
fn inside(name: &str) -> Option<String> {
    let path = package_path(name);
    let stays = |path: &str| path.split('/').all(|part| !matches!(part, "" | "." | ".."));
    // Names may hold a colon, encoded as they are; dots and slashes that decoding would bring to light may not.
    let is_plain = !path.contains(['\\', ':', '\0']);
    (is_plain && stays(name) && stays(path) && stays(&percent_decoded(path))).then(|| path.to_owned())
}

/// A path of a zip or of a `fileName` as a path inside the package: without the folder that stands for the package
/// itself, which is there only when several packages are asked for.
pub(super) fn package_path(name: &str) -> &str {
    name.strip_prefix("unpackaged/").unwrap_or(name)
}

/// File names are names with `%XX` for what file systems dislike. Anything else with a `%` stays as it is.
pub(super) fn percent_decoded(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let digit = |at: usize| tail.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push((high * 16 + low) as u8);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::Write as _;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    pub(in super::super) fn zipped(files: &[(&str, &str)]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, text) in files {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(text.as_bytes()).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn files_come_out_under_their_paths_in_the_package() {
        let zip = zipped(&[("unpackaged/package.xml", "<Package/>"), ("layouts/A-My %28x%29.layout", "L")]);
        let paths: Vec<String> = open(&zip).unwrap().into_iter().map(|entry| entry.path).collect();
        assert_eq!(paths, ["package.xml", "layouts/A-My %28x%29.layout"]);
    }

    #[test]
    fn paths_that_lead_outside_are_refused() {
        for name in [
            "../evil",
            "a/../../evil",
            "/etc/passwd",
            "C:/evil",
            "a\\..\\evil",
            "%2e%2e/evil",
            "a/%2Fevil",
            "a//b",
        ] {
            assert_eq!(inside(name), None, "{name}");
        }
        let error = open(&zipped(&[("connectedApps/../../evil", "x")])).unwrap_err();
        assert!(error.starts_with("has a file outside of itself"), "{error}");
    }

    #[test]
    fn an_encoded_colon_is_part_of_a_name() {
        assert_eq!(
            inside("profiles/Sales%3A EMEA.profile").as_deref(),
            Some("profiles/Sales%3A EMEA.profile")
        );
    }

    #[test]
    fn what_is_no_zip_is_told() {
        assert!(open(b"PK but not really").unwrap_err().starts_with("cannot be opened"));
        let mut zip = zipped(&[("a", "some text to break")]);
        zip[33] ^= 0xff;
        assert!(open(&zip).is_err());
    }

    #[test]
    fn percent_signs_that_mean_nothing_stay() {
        assert_eq!(percent_decoded("100%"), "100%");
        assert_eq!(percent_decoded("%zz%41"), "%zzA");
        assert_eq!(percent_decoded("%ff"), "%ff");
        assert_eq!(percent_decoded("caf%C3%A9"), "caf\u{e9}");
    }
}
