//! What the services send, as far as it is looked at.

use serde::Deserialize;
use uuid::Uuid;

/// A row of the drop-in route `GET /invoices`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DropInInvoice {
    pub(crate) invoice_id: String,
    pub(crate) value: serde_json::Number,
    pub(crate) currency: String,
    pub(crate) is_paid: bool,
}

/// An invoice of `/v1`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub(crate) struct Invoice {
    pub(crate) id: Uuid,
    pub(crate) number: String,
    pub(crate) amount: String,
    pub(crate) currency: String,
    pub(crate) state: String,
}

/// A payment of `/v1`, as invoice-app keeps it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub(crate) struct Payment {
    pub(crate) id: Uuid,
    pub(crate) invoice_id: Uuid,
    pub(crate) amount: String,
    pub(crate) currency: String,
    pub(crate) state: String,
    pub(crate) tries: u64,
}

/// A payment of `/v1`, as payment-provider keeps it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub(crate) struct Charge {
    pub(crate) id: String,
    pub(crate) amount: String,
    pub(crate) currency: String,
    pub(crate) status: String,
}

/// A page of a list.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    pub(crate) next: Option<String>,
}

/// A list that has one page.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Items<T> {
    pub(crate) items: Vec<T>,
}

/// An `application/problem+json` body.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Problem {
    #[serde(default, rename = "type")]
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) title: String,
    pub(crate) status: u16,
    #[serde(default)]
    pub(crate) detail: String,
    #[serde(default)]
    pub(crate) trace_id: String,
    #[serde(default)]
    pub(crate) errors: Vec<FieldError>,
    #[serde(default)]
    pub(crate) unpaid: Vec<String>,
    #[serde(default)]
    pub(crate) unpaid_count: u64,
}

/// What is wrong with one field.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct FieldError {
    pub(crate) field: String,
    pub(crate) detail: String,
}

#[cfg(test)]
mod tests {
    use super::DropInInvoice;

    #[test]
    fn a_drop_in_row_has_just_the_four_members_of_the_system_before() {
        let row = r#"{"InvoiceId":"I1","Value":12.15,"Currency":"EUR","IsPaid":false}"#;
        let row: DropInInvoice = serde_json::from_str(row).unwrap();
        assert_eq!(row.value.to_string(), "12.15");
        let more = r#"{"InvoiceId":"I1","Value":12.15,"Currency":"EUR","IsPaid":false,"Id":1}"#;
        assert!(serde_json::from_str::<DropInInvoice>(more).is_err());
    }
}
