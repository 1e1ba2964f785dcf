//! Reads a few components by readMetadata: one call a type and one answer each, where a retrieve is a job to be
//! waited for. What the components say is left to the caller.

use super::soap::{self, element, leaf};
use super::{Error, Reader};

/// Components in one call (protocol: CRUD calls take ten of one type).
pub const READ_AT_ONCE: usize = 10;

impl Reader<'_> {
    /// The components of one type, in the order of their names: the XML of what each has inside its root element,
    /// or `None` where the org has no such component. At most [`READ_AT_ONCE`] names.
    pub async fn read_metadata(
        &self,
        type_name: &str,
        full_names: &[&str],
    ) -> Result<Vec<Option<String>>, Error> {
        let body = soap::body(|xml| {
            element(xml, "readMetadata", |xml| {
                leaf(xml, "type", type_name)?;
                full_names.iter().try_for_each(|name| leaf(xml, "fullNames", name))
            })
        });
        let request = self.client.soap(body.unwrap_or_default().into(), "read components of");
        let records = self.client.answer(&request, soap::records).await?;
        if records.len() != full_names.len() {
            let problem =
                format!("asked for {} components, the org told of {}", full_names.len(), records.len());
            return Err(self.client.unexpected(&request, &problem));
        }
        Ok(records)
    }
}

#[cfg(test)]
mod tests {
    use super::super::script::{Reply, Script, org};
    use super::super::{ErrorKind, Left};

    fn read(records: &str) -> Reply {
        Reply::xml(
            200,
            &format!(
                "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\" \
                 xmlns=\"http://soap.sforce.com/2006/04/metadata\"><e:Body><readMetadataResponse><result>{records}\
                 </result></readMetadataResponse></e:Body></e:Envelope>"
            ),
        )
    }

    #[tokio::test]
    async fn one_call_tells_what_is_there_and_what_is_not() {
        let script = Script::new([read(
            "<records xsi:type=\"ConnectedApp\"><fullName>A</fullName><label>x</label></records><records xsi:nil=\"true\"/>",
        )]);
        let org = org(&script);
        let records = org.reader().read_metadata("ConnectedApp", &["A", "B & C"]).await.unwrap();
        assert_eq!(records, [Some("<fullName>A</fullName><label>x</label>".to_owned()), None]);
        assert!(script.asked()[0].text().contains(
            "<readMetadata><type>ConnectedApp</type><fullNames>A</fullNames><fullNames>B &amp; C</fullNames></readMetadata>"
        ));
    }

    #[tokio::test]
    async fn an_answer_about_other_components_is_not_taken_for_theirs() {
        let script = Script::new([read("<records xsi:nil=\"true\"/>")]);
        let error = org(&script).reader().read_metadata("ConnectedApp", &["A", "B"]).await.unwrap_err();
        assert_eq!((error.kind(), error.left()), (ErrorKind::Protocol, &Left::Reading));
    }
}
