//! The adapter that stands beside a model which a command looks at by itself.

use std::path::Path;

use crate::cli::Context;
use crate::config::WritingConfig;
use crate::writing::TextEngine as _;
use crate::writing::adapter::Adapter;
use crate::writing::local::LocalModel;

/// The chosen adapter, ready beside the model as number 0.
pub(super) fn lay_beside(
    (name, path): (&str, &Path),
    engine: &mut LocalModel,
    context: &Context<'_>,
) -> anyhow::Result<Option<Adapter>> {
    // What is measured need not be the model of the settings.
    let model = if path.is_dir() { path.display().to_string() } else { name.to_owned() };
    let config = WritingConfig { model, ..context.config.writing.clone() };
    let Some(place) = context.library().wanted(None, &config)? else { return Ok(None) };
    let adapter = Adapter::read(&place)?;
    let identity = engine.identity();
    adapter.check_base(&identity.name, &identity.sha256)?;
    engine.forward().lay(0, &adapter)?;
    Ok(Some(adapter))
}

/// The adapter that `--adapter` names, in use; without it the model is looked at as it is.
///
/// # Errors
/// There is none of that name, or it is another model's.
pub(super) fn lay_named(
    model: (&str, &Path),
    engine: &mut LocalModel,
    context: &Context<'_>,
) -> anyhow::Result<Option<String>> {
    if context.global.adapter.is_none() {
        return Ok(None);
    }
    let adapter = lay_beside(model, engine, context)?;
    engine.forward().choose(adapter.as_ref().map(|_| 0));
    Ok(adapter.map(|adapter| adapter.identity.name))
}
