//! Which gateway is a vendor's: its own account where it has connected one, the built-in sandbox where it is a sandbox, else none.

use std::sync::Arc;

use crate::platform::db::Tx;
use crate::sentence;
use crate::services::Refusal;
use crate::services::vendors::Vendor;

use super::connections;
use super::gateway::Gateway;
use super::sandbox::SandboxPlace;
use super::stripe::StripePlace;

/// The gateways of this installation: one for each vendor. A sandbox vendor never meets one that moves money, and no other vendor meets
/// one that does not.
#[expect(clippy::large_enum_variant, reason = "there is one in a program")]
pub enum Gateways {
    /// Each vendor its own.
    Own { sandbox: SandboxPlace, stripe: StripePlace },
    /// The same for everyone: simulations and tests.
    Fixed(Arc<dyn Gateway>),
}

impl Gateways {
    /// Read each time: another instance, or the command line, may have connected the vendor meanwhile.
    pub async fn of(&self, tx: &mut Tx, vendor: &Vendor) -> Result<Arc<dyn Gateway>, Refusal> {
        let (sandbox, stripe) = match self {
            Gateways::Fixed(gateway) => return Ok(gateway.clone()),
            Gateways::Own { sandbox, stripe } => (sandbox, stripe),
        };
        if let Some(connection) = connections::load(tx, stripe.keys(), &vendor.id).await? {
            // Checked when it was set; and once more, for what stands in a database may have come from anywhere.
            connection.suits(vendor)?;
            return Ok(Arc::new(stripe.gateway(vendor, connection)));
        }
        match sandbox.gateway(vendor) {
            Some(sandbox) => Ok(Arc::new(sandbox)),
            None => Err(Refusal::Rule(sentence!("refusal-no-gateway"))),
        }
    }
}
