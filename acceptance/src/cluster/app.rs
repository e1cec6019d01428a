//! Where each service and its database are in the cluster.

/// A service of the platform.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum App {
    InvoiceApp,
    PaymentProvider,
}

impl App {
    pub(crate) const ALL: [Self; 2] = [Self::InvoiceApp, Self::PaymentProvider];

    /// The name of its Deployment, Service, container and label `app.kubernetes.io/name`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::InvoiceApp => "invoice-app",
            Self::PaymentProvider => "payment-provider",
        }
    }

    pub(crate) const fn namespace(self) -> &'static str {
        match self {
            Self::InvoiceApp => "invoice",
            Self::PaymentProvider => "payments",
        }
    }

    /// The name that its certificate is on.
    pub(crate) const fn host(self) -> &'static str {
        match self {
            Self::InvoiceApp => "invoice-app.invoice.svc",
            Self::PaymentProvider => "payment-provider.payments.svc",
        }
    }

    pub(crate) const fn http_port(self) -> u16 {
        match self {
            Self::InvoiceApp => 8081,
            Self::PaymentProvider => 8082,
        }
    }

    pub(crate) const fn management_port(self) -> u16 {
        match self {
            Self::InvoiceApp => 9081,
            Self::PaymentProvider => 9082,
        }
    }

    /// The name of its database's `StatefulSet`, Service and label, where the cluster holds the database.
    pub(crate) const fn database(self) -> &'static str {
        match self {
            Self::InvoiceApp => "invoice-app-database",
            Self::PaymentProvider => "payment-provider-database",
        }
    }

    /// The name of the database itself and of its user.
    pub(crate) const fn database_name(self) -> &'static str {
        match self {
            Self::InvoiceApp => "invoice_app",
            Self::PaymentProvider => "payment_provider",
        }
    }
}

/// The port of both databases.
pub(crate) const DATABASE_PORT: u16 = 5432;
