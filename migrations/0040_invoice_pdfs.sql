-- The PDF of an issued document: rendered once from its frozen form when first asked for, then always these bytes.
CREATE TABLE invoice_pdfs (
    vendor_id TEXT NOT NULL,
    invoice_id TEXT NOT NULL,
    -- Base64: the two databases share no type for bytes.
    content TEXT NOT NULL,
    -- SHA-256 of the bytes, hex: what was kept is what is handed out.
    hash TEXT NOT NULL,
    rendered_at BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, invoice_id),
    FOREIGN KEY (vendor_id, invoice_id) REFERENCES invoices (vendor_id, id)
);
