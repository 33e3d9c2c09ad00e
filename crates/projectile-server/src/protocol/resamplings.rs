//! `/resamplings`: the ways in which pixels are reduced.

use projectile_core::{DType, Resampling, Result};

use super::{Call, Protocol, World};
use crate::address::Address;
use crate::api::answers::{ListedResampling, ResamplingList};
use crate::api::{Operation, json};
use crate::respond::Document;

/// The kinds of resampling.
pub(crate) struct Resamplings;

const OPERATIONS: &[Operation] = &[Operation {
    path: "/resamplings",
    group: "Colours",
    about: "The ways in which pixels are reduced",
    parameters: &[],
    body: None,
    answer: json::<ResamplingList>(),
}];

impl Protocol for Resamplings {
    fn name(&self) -> &'static str {
        "resamplings"
    }

    fn operations(&self) -> &'static [Operation] {
        OPERATIONS
    }

    fn parse(&self, address: &Address<'_>, _: &World<'_>) -> Result<Option<Call>> {
        let ["resamplings"] = address.path()[..] else {
            return Ok(None);
        };
        let listed = Resampling::all().map(|kind| ListedResampling {
            name: kind.name().to_owned(),
            projects: kind.projected(DType::UInt8, None).is_some(),
        });
        let list = ResamplingList {
            resamplings: listed.collect(),
        };
        Document::json(&list).map(|document| Some(Call::Document(document)))
    }
}
