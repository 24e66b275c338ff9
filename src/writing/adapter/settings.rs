//! `adapter_config.json`, as PEFT writes it.
//!
//! In: its text. Out: what is to be known of the matrices. What cannot be done here is refused by its name.

use serde_json::{Map, Value};

/// Ranks above this gain nothing on models that run here.
const MOST_RANK: u64 = 512;

/// What the settings say of the matrices.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Settings {
    pub rank: usize,
    alpha: f64,
    /// The scale falls with the square root of the rank (Kalajdzievski 2023).
    by_root: bool,
    /// Whether matrices may have other ranks than [`Settings::rank`].
    pub ranks_differ: bool,
}

impl Settings {
    pub fn parse(text: &str) -> Result<Self, String> {
        let settings: Value = serde_json::from_str(text)
            .map_err(|error| format!("adapter_config.json is not JSON: {error}; copy it again"))?;
        let Value::Object(settings) = settings else {
            return Err("adapter_config.json is not an object of settings: copy it again".into());
        };
        let kind = settings.get("peft_type").and_then(Value::as_str).unwrap_or("");
        if !kind.eq_ignore_ascii_case("LORA") {
            return Err(format!("its peft_type is \"{kind}\": only LORA can be used here; tune it as LORA"));
        }
        check(&settings)?;
        let rank = settings.get("r").and_then(Value::as_u64);
        let rank = rank.filter(|rank| (1..=MOST_RANK).contains(rank)).ok_or_else(|| {
            format!("adapter_config.json has no usable rank (\"r\", 1 to {MOST_RANK}): copy it again")
        })? as usize;
        let alpha = settings.get("lora_alpha").and_then(Value::as_f64);
        let alpha = alpha.filter(|alpha| alpha.is_finite() && *alpha > 0.0).ok_or_else(|| {
            "adapter_config.json has no usable \"lora_alpha\", a number above 0: copy it again".to_owned()
        })?;
        Ok(Self {
            rank,
            alpha,
            by_root: is_set(&settings, "use_rslora"),
            ranks_differ: has_some(&settings, "rank_pattern"),
        })
    }

    /// What the product of a pair of this rank is multiplied by.
    pub fn scale(&self, rank: usize) -> f32 {
        let rank = rank as f64;
        (self.alpha / if self.by_root { rank.sqrt() } else { rank }) as f32
    }
}

/// That nothing is asked for that changes the arithmetic in a way that is not known here.
fn check(settings: &Map<String, Value>) -> Result<(), String> {
    let refused = |what: &str, remedy: &str| {
        Err(format!("adapter_config.json asks for {what}, which cannot be done here: {remedy}"))
    };
    if is_set(settings, "use_dora") {
        return refused("DoRA (use_dora)", "tune it without");
    }
    if is_set(settings, "use_qalora") {
        return refused("QA-LoRA (use_qalora)", "tune it without");
    }
    if is_set(settings, "fan_in_fan_out") {
        return refused(
            "matrices the other way round (fan_in_fan_out)",
            "models of the llama family have none; tune it anew",
        );
    }
    if is_set(settings, "lora_bias")
        || settings.get("bias").and_then(Value::as_str).is_some_and(|bias| bias != "none")
    {
        return refused("biases (bias, lora_bias)", "tune it with bias \"none\"");
    }
    for (key, what) in [
        ("modules_to_save", "matrices of its own in place of the model's (modules_to_save)"),
        ("alpha_pattern", "another scale for some matrices (alpha_pattern)"),
        ("alora_invocation_tokens", "tokens from which on it counts (alora_invocation_tokens)"),
        ("use_bdlora", "matrices in blocks (use_bdlora)"),
        ("arrow_config", "several adapters in one (arrow_config)"),
        ("kasa_config", "another form of adapter (kasa_config)"),
        ("monteclora_config", "another form of adapter (monteclora_config)"),
        ("layer_replication", "layers that are repeated (layer_replication)"),
        ("trainable_token_indices", "tokens that it has changed (trainable_token_indices)"),
        ("target_parameters", "parameters that belong to no matrix (target_parameters)"),
    ] {
        if has_some(settings, key) {
            return refused(what, "tune it without");
        }
    }
    // These change the model's own weights, which the adapter alone does not bring back.
    if let Some(kind) = settings.get("init_lora_weights").and_then(Value::as_str)
        && !["gaussian", "eva", "orthogonal", "true"].contains(&kind)
    {
        return refused(
            &format!("weights of the model that were changed before tuning (init_lora_weights \"{kind}\")"),
            "convert it to a plain LoRA with PEFT first",
        );
    }
    Ok(())
}

fn is_set(settings: &Map<String, Value>, key: &str) -> bool {
    settings.get(key).is_some_and(|value| match value {
        Value::Null | Value::Bool(false) => false,
        Value::Object(_) | Value::Array(_) => has_some(settings, key),
        _ => true,
    })
}

/// Whether there is a list or a table that is not empty.
fn has_some(settings: &Map<String, Value>, key: &str) -> bool {
    settings.get(key).is_some_and(|value| match value {
        Value::Null | Value::Bool(false) => false,
        Value::Object(table) => !table.is_empty(),
        Value::Array(list) => !list.is_empty(),
        _ => true,
    })
}
