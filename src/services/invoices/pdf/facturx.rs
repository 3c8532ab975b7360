//! Factur-X, called ZUGFeRD too: a PDF that says in its metadata that it carries the structured invoice.
//!
//! The library that writes the PDF has no room for metadata properties of others, so the finished file is opened at that one place: its XMP
//! packet gets the four properties and their description, and what stands behind it in the file moves on by as much.

/// The name that the standard gives the file (Factur-X 1.0, 6.2.2).
pub const FILE_NAME: &str = "factur-x.xml";

const SPACE: &str = "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#";
/// Name, value and meaning; archives want the meaning of properties that are not their own.
const PROPERTIES: [(&str, &str, &str); 4] = [
    ("DocumentFileName", FILE_NAME, "The name of the embedded XML document"),
    ("DocumentType", "INVOICE", "The type of the hybrid document in capital letters, e.g. INVOICE or ORDER"),
    ("Version", "1.0", "The actual version of the standard applying to the embedded XML document"),
    ("ConformanceLevel", "EN 16931", "The conformance level of the embedded XML document"),
];

/// The PDF with the properties in its metadata. `None`: the file is not written the way it always was.
pub fn stamp(pdf: &[u8]) -> Option<Vec<u8>> {
    let packet = find_last(pdf, b"<?xpacket begin", pdf.len())?;
    let length = find_last(pdf, b"/Length ", packet)? + b"/Length ".len();
    let (old_length, digits) = number(pdf, length)?;
    let after_packet = packet.checked_add(old_length)?;
    let xmp = with_properties(std::str::from_utf8(pdf.get(packet..after_packet)?).ok()?)?;

    let start_at = find_last(pdf, b"startxref", pdf.len())? + b"startxref\n".len();
    let (table, _) = number(pdf, start_at)?;
    let mut out = Vec::with_capacity(pdf.len() + 4096);
    out.extend_from_slice(pdf.get(..length)?);
    out.extend_from_slice(xmp.len().to_string().as_bytes());
    out.extend_from_slice(pdf.get(length + digits..packet)?);
    out.extend_from_slice(xmp.as_bytes());
    out.extend_from_slice(pdf.get(after_packet..table)?);
    let moved_by = out.len().checked_sub(table)?;
    let entries = find_last(pdf, b"trailer", pdf.len())?;
    // An entry is twenty bytes: ten digits of an offset, five of a generation, and whether it is in use.
    for line in pdf.get(table..entries)?.split_inclusive(|byte| *byte == b'\n') {
        match number(line, 0) {
            Some((offset, 10)) if offset > packet => {
                out.extend_from_slice(format!("{:010}", offset + moved_by).as_bytes());
                out.extend_from_slice(line.get(10..)?);
            }
            _ => out.extend_from_slice(line),
        }
    }
    out.extend_from_slice(pdf.get(entries..start_at)?);
    out.extend_from_slice((table + moved_by).to_string().as_bytes());
    let (_, digits) = number(pdf, start_at)?;
    out.extend_from_slice(pdf.get(start_at + digits..)?);
    Some(out)
}

fn with_properties(xmp: &str) -> Option<String> {
    let described: String = PROPERTIES
        .iter()
        .map(|(name, _, meaning)| {
            format!(
                "<rdf:li rdf:parseType=\"Resource\"><pdfaProperty:name>{name}</pdfaProperty:name><pdfaProperty:valueType>Text</pdfaProperty:valueType>\
                 <pdfaProperty:category>external</pdfaProperty:category><pdfaProperty:description>{meaning}</pdfaProperty:description></rdf:li>"
            )
        })
        .collect();
    let schema = format!(
        "<rdf:li rdf:parseType=\"Resource\" xmlns:pdfaSchema=\"http://www.aiim.org/pdfa/ns/schema#\" xmlns:pdfaProperty=\"http://www.aiim.org/pdfa/ns/property#\">\
         <pdfaSchema:schema>Factur-X PDFA Extension Schema</pdfaSchema:schema><pdfaSchema:namespaceURI>{SPACE}</pdfaSchema:namespaceURI>\
         <pdfaSchema:prefix>fx</pdfaSchema:prefix><pdfaSchema:property><rdf:Seq>{described}</rdf:Seq></pdfaSchema:property></rdf:li>"
    );
    let values: String = PROPERTIES.iter().map(|(name, value, _)| format!("<fx:{name}>{value}</fx:{name}>")).collect();
    let properties = format!("<rdf:Description rdf:about=\"\" xmlns:fx=\"{SPACE}\">{values}</rdf:Description>");

    let schemas = xmp.find("<pdfaExtension:schemas>")?;
    let in_schemas = schemas + xmp.get(schemas..)?.find("<rdf:Bag>")? + "<rdf:Bag>".len();
    let end = xmp.find("</rdf:RDF>")?;
    Some([xmp.get(..in_schemas)?, &schema, xmp.get(in_schemas..end)?, &properties, xmp.get(end..)?].concat())
}

/// A number at a place, and how many digits it has.
fn number(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let digits = bytes.get(at..)?.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let text = std::str::from_utf8(bytes.get(at..at + digits)?).ok()?;
    Some((text.parse().ok()?, digits))
}

fn find_last(bytes: &[u8], what: &[u8], before: usize) -> Option<usize> {
    bytes.get(..before)?.windows(what.len()).rposition(|window| window == what)
}
