"""Checks structured invoices against what is published with the standard: the XML schemas, and the Schematron rules of EN 16931.

    einvoice.py FOLDER

Prints a JSON object: for each file of the folder, what is wrong with it, as [rule, sentence] pairs. What the rules only warn of is left out.
`*.cii.xml` is a Cross Industry Invoice, `*.ubl.xml` a UBL Invoice or CreditNote; what a `*.pdf` carries as Factur-X is taken out and judged as
`*.pdf.cii.xml`. Used by src/tests/einvoice; set up by setup.sh.
"""

import json
import pathlib
import re
import sys

import facturx
from lxml import etree
from pypdf import PdfReader
from saxonche import PySaxonProcessor

FX = "{urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#}"
PDFA = "{http://www.aiim.org/pdfa/ns/id/}"
SVRL = "{http://purl.oclc.org/dsdl/svrl}"
HOME = pathlib.Path(facturx.__file__).parent / "xsd_and_schematron"
SYNTAXES = {
    "cii": ("facturx-en16931/FACTUR-X_EN16931.xslt", {"CrossIndustryInvoice": "facturx-en16931/Factur-X_EN16931.xsd"}),
    "ubl": (
        "ubl-2.1/EN16931-UBL-validation.xslt",
        {"Invoice": "ubl-2.1/maindoc/UBL-Invoice-2.1.xsd", "CreditNote": "ubl-2.1/maindoc/UBL-CreditNote-2.1.xsd"},
    ),
}


def found(report):
    """What a Schematron report holds against its document."""
    for failed in etree.fromstring(report.encode()).iter(SVRL + "failed-assert"):
        if failed.get("flag") != "warning":
            text = " ".join("".join(failed.itertext()).split())
            named = re.match(r"\[([A-Z0-9-]+)\]", text)
            yield [named[1] if named else failed.get("id"), text]


def unpacked(pdf):
    """Puts what a PDF carries beside it; what of its metadata is not as Factur-X and PDF/A-3 want it."""
    reader = PdfReader(pdf)
    metadata = etree.fromstring(reader.trailer["/Root"]["/Metadata"].get_data())
    told = {element.tag: element.text for element in metadata.iter() if element.text}
    # A property stands as an element or as an attribute.
    told |= {name: value for element in metadata.iter() for name, value in element.attrib.items()}
    name, xml = facturx.get_xml_from_pdf(pdf.read_bytes(), check_xsd=True)
    wanted = {FX + "DocumentFileName": name, FX + "DocumentType": "INVOICE", FX + "ConformanceLevel": "EN 16931", PDFA + "part": "3"}
    pdf.with_suffix(".pdf.cii.xml").write_bytes(xml)
    return [["metadata", f"{key} is {told.get(key)}, not {value}"] for key, value in wanted.items() if told.get(key) != value]


def main(folder):
    wrong = {pdf.name: unpacked(pdf) for pdf in sorted(pathlib.Path(folder).glob("*.pdf"))}
    with PySaxonProcessor(license=False) as saxon:
        for syntax, (rules, schemas) in SYNTAXES.items():
            files = sorted(pathlib.Path(folder).glob(f"*.{syntax}.xml"))
            if not files:
                continue
            compiled = saxon.new_xslt30_processor().compile_stylesheet(stylesheet_file=str(HOME / rules))
            schemas = {root: etree.XMLSchema(etree.parse(HOME / schema)) for root, schema in schemas.items()}
            for file in files:
                tree = etree.parse(file)
                schema = schemas[etree.QName(tree.getroot()).localname]
                schema.validate(tree)
                against = [["schema", error.message] for error in schema.error_log]
                report = compiled.transform_to_string(xdm_node=saxon.parse_xml(xml_file_name=str(file)))
                wrong[file.name] = against + list(found(report))
    json.dump(wrong, sys.stdout)


main(sys.argv[1])
