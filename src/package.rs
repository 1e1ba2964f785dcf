//! MetadataFiles -> [`Package`]: package.xml and a zip that is the same every time.
//!
//! The package carries no timestamp and no trace of the machine, so equal input gives equal bytes. The way back,
//! from a path in a package to its component, is here as well.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Write};

use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use zeroize::Zeroizing;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::component::{ComponentId, types_in_directory};
use crate::render::MetadataFiles;

/// The namespace of everything in a package.
pub const NAMESPACE: &str = "http://soap.sforce.com/2006/04/metadata";

/// What a package removes after everything else (protocol, section 7.3).
pub const REMOVALS: &str = "destructiveChangesPost.xml";

/// The deflate level of packages, fixed so that no default of a library can change the bytes.
pub const COMPRESSION_LEVEL: i64 = 6;

/// A zip file, ready to be deployed.
#[derive(Debug)]
pub struct Package {
    /// May hold secrets.
    pub zip: Zeroizing<Vec<u8>>,
}

#[derive(Debug, thiserror::Error)]
#[error("cannot write the zip file of the package")]
pub struct Error(#[from] zip::result::ZipError);

impl Package {
    /// Zips the files, with a package.xml for this API version (major number).
    pub fn new(files: &MetadataFiles, api_version: u16) -> Result<Package, Error> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(COMPRESSION_LEVEL))
            .last_modified_time(DateTime::DEFAULT)
            .unix_permissions(0o644)
            .system(zip::System::Unix);
        // Room for everything uncompressed: a buffer that grows leaves copies of secrets behind.
        let size =
            files.files.iter().map(|file| file.content.len() + 2 * file.path.len() + 256).sum::<usize>();
        let mut writer = ZipWriter::new(Cursor::new(Vec::with_capacity(size + 64 * 1024)));
        writer.start_file("package.xml", options)?;
        writer.write_all(package_xml(files, api_version).as_bytes()).map_err(zip::result::ZipError::from)?;
        if !files.removes.is_empty() {
            writer.start_file(REMOVALS, options)?;
            writer.write_all(removals(&files.removes).as_bytes()).map_err(zip::result::ZipError::from)?;
        }
        for file in &files.files {
            writer.start_file(&file.path, options)?;
            writer.write_all(file.content.as_bytes()).map_err(zip::result::ZipError::from)?;
        }
        Ok(Package { zip: Zeroizing::new(writer.finish()?.into_inner()) })
    }
}

/// What one of a component's files holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    Elements,
    /// The text beside them, such as that of a certificate.
    Content,
}

/// The component that a file belongs to, by its path in a package or in the folder of one. Its name is the file's
/// as it is: what file systems dislike stays percent-encoded, as in package.xml.
pub fn component_of(path: &str) -> Option<(ComponentId, Part)> {
    let mut steps = path.rsplit('/');
    let (file, folder) = (steps.next()?, steps.next()?);
    let meta = file.strip_suffix("-meta.xml");
    types_in_directory(folder).find_map(|kind| {
        let name = meta.unwrap_or(file).strip_suffix(&kind.suffix)?.strip_suffix('.')?;
        let fits = !name.is_empty() && kind.member.fixed.as_deref().is_none_or(|fixed| fixed == name);
        let part =
            if kind.content_field().is_some() && meta.is_none() { Part::Content } else { Part::Elements };
        fits.then(|| (ComponentId::new(kind, name), part))
    })
}

/// package.xml as Salesforce writes it: a `<types>` per metadata type, members sorted, version last. Types that
/// share a name there, as all settings do, share one; a component is a member once, however many files it has.
pub fn package_xml(files: &MetadataFiles, api_version: u16) -> String {
    let mut orders: BTreeMap<&str, u8> = BTreeMap::new();
    for kind in files.files.iter().map(|file| file.component.kind) {
        let order = orders.entry(&kind.package_type).or_insert(kind.order);
        *order = kind.order.min(*order);
    }
    let mut members: Members<'_> = BTreeMap::new();
    for file in &files.files {
        let name = file.component.kind.package_type.as_str();
        let order = orders.get(name).copied().unwrap_or_default();
        members.entry((order, name)).or_default().insert(&file.component.name);
    }
    package(&members, Some(api_version))
}

/// The manifest of what is removed: what names others before what it names.
fn removals(ids: &[ComponentId]) -> String {
    let mut members: Members<'_> = BTreeMap::new();
    for id in ids {
        members.entry((u8::MAX - id.kind.order, &id.kind.package_type)).or_default().insert(&id.name);
    }
    package(&members, None)
}

/// Members by the place of their type and its name.
type Members<'a> = BTreeMap<(u8, &'a str), BTreeSet<&'a str>>;

fn package(members: &Members<'_>, api_version: Option<u16>) -> String {
    let mut writer = quick_xml::Writer::new_with_indent(Vec::new(), b' ', 4);
    let mut events = vec![
        Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)),
        Event::Start(BytesStart::new("Package").with_attributes([("xmlns", NAMESPACE)])),
    ];
    let leaf = |name: &'static str, text: String| {
        [
            Event::Start(BytesStart::new(name)),
            Event::Text(BytesText::from_escaped(quick_xml::escape::escape(&text).into_owned())),
            Event::End(BytesEnd::new(name)),
        ]
    };
    for ((_, name), members) in members {
        events.push(Event::Start(BytesStart::new("types")));
        for member in members {
            events.extend(leaf("members", (*member).to_owned()));
        }
        events.extend(leaf("name", (*name).to_owned()));
        events.push(Event::End(BytesEnd::new("types")));
    }
    if let Some(version) = api_version {
        events.extend(leaf("version", format!("{version}.0")));
    }
    events.push(Event::End(BytesEnd::new("Package")));
    for event in events {
        writer.write_event(event).expect("a Vec takes all bytes");
    }
    let mut xml = String::from_utf8(writer.into_inner()).expect("names and members are UTF-8");
    xml.push('\n');
    xml
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::{type_named, types};
    use crate::render::MetadataFile;

    fn files(names: &[(&str, &str)]) -> MetadataFiles {
        let files = names.iter().flat_map(|(kind, name)| {
            let component = ComponentId::new(type_named(kind).unwrap(), *name);
            let content = component.kind.content_path(name).map(|path| (path, "text".to_owned()));
            let elements = (component.kind.path(name), format!("<{kind}/>\n"));
            [Some(elements), content].into_iter().flatten().map(move |(path, content)| MetadataFile {
                component: component.clone(),
                path,
                content: Zeroizing::new(content),
            })
        });
        MetadataFiles { files: files.collect(), ..MetadataFiles::default() }
    }

    #[test]
    fn package_xml_lists_apps_before_providers_before_credentials() {
        let files = files(&[
            ("AuthProvider", "B"),
            ("ConnectedApp", "B"),
            ("ConnectedApp", "A"),
            ("NamedCredential", "B"),
        ]);
        assert_eq!(
            package_xml(&files, 62),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<Package xmlns=\"http://soap.sforce.com/2006/04/metadata\">
    <types>
        <members>A</members>
        <members>B</members>
        <name>ConnectedApp</name>
    </types>
    <types>
        <members>B</members>
        <name>AuthProvider</name>
    </types>
    <types>
        <members>B</members>
        <name>NamedCredential</name>
    </types>
    <version>62.0</version>
</Package>
"
        );
    }

    #[test]
    fn what_uses_others_is_removed_before_them() {
        let id = |kind, name| ComponentId::new(type_named(kind).unwrap(), name);
        let ids = [id("AuthProvider", "P"), id("ConnectedApp", "A"), id("NamedCredential", "C")];
        let xml = removals(&ids);
        let places: Vec<usize> = ["NamedCredential", "AuthProvider", "ConnectedApp"]
            .iter()
            .filter_map(|name| xml.find(name))
            .collect();
        assert!(places.len() == 3 && places.is_sorted(), "{xml}");
        assert!(!xml.contains("version>"), "{xml}");
        let files = MetadataFiles { removes: ids.to_vec(), ..MetadataFiles::default() };
        let package = Package::new(&files, 62).unwrap();
        let mut zip = zip::ZipArchive::new(Cursor::new(package.zip.as_slice())).unwrap();
        assert!(zip.by_name(REMOVALS).is_ok());
    }

    #[test]
    fn settings_share_one_type_and_a_certificate_is_one_member() {
        let files = files(&[
            ("OauthOidcSettings", "OauthOidc"),
            ("Certificate", "Orders"),
            ("SecuritySettings", "Security"),
        ]);
        let xml = package_xml(&files, 62);
        let certificate =
            "<types>\n        <members>Orders</members>\n        <name>Certificate</name>\n    </types>";
        assert!(xml.contains(certificate), "{xml}");
        let settings = "<types>\n        <members>OauthOidc</members>\n        <members>Security</members>\n        \
                        <name>Settings</name>\n    </types>";
        assert!(xml.contains(settings), "{xml}");
        assert_eq!(files.files.len(), 4);
    }

    #[test]
    fn the_path_of_every_file_leads_back_to_its_component() {
        for kind in types() {
            let name = kind.member.fixed.as_deref().unwrap_or("Force%2Ecom - Free.x");
            let id = ComponentId::new(kind, name);
            assert_eq!(component_of(&kind.path(name)), Some((id.clone(), Part::Elements)));
            let source = kind.path(name).trim_end_matches("-meta.xml").to_owned() + "-meta.xml";
            assert_eq!(component_of(&format!("zip/{source}")), Some((id.clone(), Part::Elements)));
            if let Some(path) = kind.content_path(name) {
                assert_eq!(component_of(&path), Some((id, Part::Content)));
            }
        }
        for path in
            ["package.xml", "connectedApps/A.authprovider", "connectedApps/.connectedApp", "x/A.connectedApp"]
        {
            assert_eq!(component_of(path), None, "{path}");
        }
    }

    #[test]
    fn equal_input_gives_equal_bytes() {
        let names = [("ConnectedApp", "A"), ("AuthProvider", "A")];
        let one = Package::new(&files(&names), 62).unwrap();
        let two = Package::new(&files(&names), 62).unwrap();
        assert_eq!(one.zip, two.zip);
        // Bytes 10 to 13 of the first entry are its time and date: 1980-01-01.
        assert_eq!(one.zip[10..14], [0, 0, 33, 0]);
    }
}
