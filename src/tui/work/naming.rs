//! Which slot work takes, what it is called in Jobs, and whether it is listed there when it has gone well.

use super::{Slot, Work};

impl Work {
    /// The slot that the work takes; `None`: any number may run at once.
    #[must_use]
    pub fn slot(&self) -> Option<Slot> {
        Some(match self {
            Self::Load { .. } => Slot::Load,
            Self::Summarise { .. } => Slot::Summary,
            Self::Features { .. } => Slot::Features,
            Self::Segment { .. } => Slot::Segments,
            Self::Profiles { .. } => Slot::Profiles,
            Self::Scatter { .. } => Slot::Scatter,
            Self::Arrange { .. } => Slot::Arrange,
            Self::CustomerProfile { .. } => Slot::CustomerProfile,
            Self::LoadStrategies { .. } => Slot::Strategies,
            Self::Preview(_) => Slot::Preview,
            Self::LookBack { .. } | Self::Fork(_) => Slot::Doubt,
            Self::LoadQueue { .. } => Slot::Queue,
            Self::Export(_) => Slot::Export,
            Self::Campaign(work) => return work.slot(),
            Self::Voice(work) => return work.slot(),
            // What is to be kept is never thrown away for something newer.
            Self::SaveStrategy { .. }
            | Self::KeepDrafts { .. }
            | Self::Decide { .. }
            | Self::SaveData { .. }
            | Self::SaveLook { .. }
            | Self::SaveShopName { .. }
            | Self::SaveSegmentName { .. } => return None,
            Self::OpenModel { .. } => Slot::Model,
            Self::InspectFiles { .. } => Slot::Inspect,
        })
    }

    /// What it is called in the status line and in Jobs.
    #[must_use]
    pub fn title(&self) -> String {
        match self {
            Self::Load { .. } => "Read the shop's files".into(),
            Self::Summarise { .. } => "Sum up the shop".into(),
            Self::Features { .. } => "Measure customers".into(),
            Self::Segment { .. } => "Group customers".into(),
            Self::Profiles { .. } => "Profile the segments".into(),
            Self::Scatter { .. } => "Draw the map".into(),
            Self::Arrange { .. } => "List customers".into(),
            Self::CustomerProfile { .. } => "Look up a customer".into(),
            Self::SaveSegmentName { .. } => "Save the segment's name".into(),
            Self::SaveShopName { .. } => "Save the shop's name".into(),
            Self::LoadStrategies { .. } => "Read the strategies".into(),
            Self::SaveStrategy { id, .. } => format!("Save {id}.toml"),
            Self::Preview(order) => format!("Write “{}”", order.strategy.name),
            Self::LookBack { .. } => "Ask the model how sure it was".into(),
            Self::Fork(_) => "Write on from a chosen word".into(),
            Self::KeepDrafts { .. } => "Put drafts into Review".into(),
            Self::LoadQueue { .. } => "Read the drafts".into(),
            Self::Decide { .. } => "Record a decision".into(),
            Self::Export(_) => "Merge the outbox".into(),
            Self::Campaign(work) => work.title(),
            Self::Voice(work) => work.title(),
            Self::OpenModel { .. } => "Open the language model".into(),
            Self::InspectFiles { .. } => "Look at the files' columns".into(),
            Self::SaveData { .. } => "Save how the files are read".into(),
            Self::SaveLook { .. } => "Keep theme and mouse".into(),
        }
    }

    /// Whether the job is too short and frequent to be listed when it has gone well.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        matches!(
            self,
            Self::Summarise { .. }
                | Self::Profiles { .. }
                | Self::Scatter { .. }
                | Self::Arrange { .. }
                | Self::CustomerProfile { .. }
                | Self::LoadStrategies { .. }
                | Self::Preview(_)
                | Self::LookBack { .. }
                | Self::Fork(_)
                | Self::LoadQueue { .. }
                | Self::Decide { .. }
                | Self::InspectFiles { .. }
                | Self::SaveLook { .. }
        ) || matches!(self, Self::Campaign(work) if work.is_quiet())
            || matches!(self, Self::Voice(work) if work.is_quiet())
    }
}
