//! `perennial campaign plan` and `perennial campaign preflight`.

use serde_json::{Value, json};

use super::office::{Office, actor, now, office, prospect, shop};
use crate::campaign::approval::{Hand, note_plan};
use crate::campaign::audience::{FunnelLine, Side, step_words};
use crate::campaign::dossier::Dossier;
use crate::campaign::plan::{NewPlan, Plan};
use crate::campaign::preflight::{Finding, Weight, is_clear};
use crate::campaign::prospect::Prospect;
use crate::cli::grouped::Grouped;
use crate::cli::{Context, Exit, SCHEMA, UsageError};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Name of the campaign: its file is campaigns/NAME.toml.
    #[arg(value_name = "NAME")]
    name: String,
    /// Makes the plan's file, for this strategy.
    #[arg(long, value_name = "STRATEGY")]
    strategy: Option<String>,
    /// Segment of the new plan, by letter or name; may be repeated.
    #[arg(long, value_name = "SEGMENT", requires = "strategy")]
    segment: Vec<String>,
    /// Arm of the new plan with the numbers of its drafts, one for each segment, as in a=12,13; may be repeated. Without it: the
    /// drafts that are approved in Review.
    #[arg(long, value_name = "ARM=DRAFTS", requires = "strategy")]
    arm: Vec<String>,
    /// Share of the audience that gets nothing (default: campaign.holdout).
    #[arg(long, value_name = "SHARE", requires = "strategy")]
    holdout: Option<f64>,
    /// What people call it (default: its name).
    #[arg(long, value_name = "TEXT", requires = "strategy")]
    title: Option<String>,
    /// Who makes it, or has changed it (default: the user of this machine).
    #[arg(long = "as", value_name = "PERSON")]
    author: Option<String>,
    /// Lists the customers who are still there after a step of the funnel: consented, holdout, to-be-sent, ...
    #[arg(long, value_name = "STEP")]
    at: Option<String>,
    /// Lists those who were left out at that step instead.
    #[arg(long, requires = "at")]
    left_out: bool,
}

#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    /// Name of the campaign.
    #[arg(value_name = "NAME")]
    name: String,
}

/// # Errors
/// The plan is there already or is wrong; the data cannot be read.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Exit> {
    let mut office = office(context)?;
    if let Some(strategy) = &args.strategy {
        make(args, strategy, &office, context)?;
    }
    let grouped = shop(context)?;
    let dossier = match office.dossier(&args.name, &grouped, context) {
        Ok(dossier) => dossier,
        Err(error) => {
            // A plan that nothing comes of is not left behind.
            if args.strategy.is_some() {
                office.workspace.remove_campaign_plan(&args.name)?;
            }
            return Err(error);
        }
    };
    if dossier.launched.is_none() {
        let person = actor(args.author.as_deref());
        // Whoever looks at a plan need not have written it.
        let says_so = args.strategy.is_some() || args.author.is_some();
        let hand = if says_so { Hand::Wrote } else { Hand::Found };
        note_plan(&mut office.store, (&args.name, &dossier.source), (&person, hand), now())?;
    }
    if let Some(step) = &args.at {
        let side = if args.left_out { Side::LeftOut } else { Side::There };
        return list_step((step, side), &dossier, &grouped, context);
    }
    let prospect = prospect(&office, &dossier, &grouped, context)?;
    if context.global.json {
        context.print_json(&document(&dossier, &prospect))?;
    } else {
        context.print_text(&told(&dossier, &prospect, &grouped.shop.currency))?;
    }
    Ok(Exit::Done)
}

/// # Errors
/// The plan is wrong; the data cannot be read.
pub fn check(args: &CheckArgs, context: &mut Context<'_>) -> anyhow::Result<Exit> {
    let mut office = office(context)?;
    let grouped = shop(context)?;
    let dossier = office.dossier(&args.name, &grouped, context)?;
    if dossier.launched.is_none() {
        let plan = (args.name.as_str(), dossier.source.as_str());
        note_plan(&mut office.store, plan, (&actor(None), Hand::Found), now())?;
    }
    let prospect = prospect(&office, &dossier, &grouped, context)?;
    let clear = is_clear(&prospect.checks);
    if context.global.json {
        context.print_json(&json!({
            "schema": SCHEMA,
            "name": args.name,
            "clear": clear,
            "checks": prospect.checks,
        }))?;
    } else {
        context.print_text(&checks_told(&prospect.checks))?;
    }
    Ok(if clear { Exit::Done } else { Exit::StoppedByCheck })
}

/// Writes the file of a new plan.
fn make(args: &Args, strategy: &str, office: &Office, context: &Context<'_>) -> anyhow::Result<()> {
    if office.workspace.campaign_plan(&args.name)?.is_some() {
        return Err(UsageError(format!(
            "campaigns/{}.toml is there already. Edit it, or choose another name.",
            args.name
        ))
        .into());
    }
    if args.segment.is_empty() {
        return Err(UsageError("a plan is for at least one segment: give --segment LETTER.".into()).into());
    }
    let mut arms = Vec::new();
    for arm in &args.arm {
        let numbers = arm.split_once('=').map(|(name, drafts)| {
            let drafts: Result<Vec<i64>, _> = drafts.split(',').map(|number| number.trim().parse()).collect();
            (name.trim().to_owned(), drafts)
        });
        let Some((name, Ok(drafts))) = numbers else {
            return Err(UsageError(format!(
                "\"{arm}\" is no arm. Write its name and the numbers of its drafts: --arm a=12."
            ))
            .into());
        };
        arms.push((name, drafts));
    }
    let new = NewPlan {
        title: args.title.as_deref().unwrap_or(&args.name),
        author: &actor(args.author.as_deref()),
        strategy,
        segments: &args.segment,
        holdout: args.holdout.unwrap_or(context.config.campaign.holdout),
        arms,
    };
    let source = Plan::draft(&new);
    // What could not be read is not written.
    Plan::parse(&args.name, &source, &context.config.campaign)?;
    office.workspace.save_campaign_plan(&args.name, &source)?;
    Ok(())
}

fn list_step(
    (asked, side): (&str, Side),
    dossier: &Dossier,
    grouped: &Grouped,
    context: &mut Context<'_>,
) -> anyhow::Result<Exit> {
    let funnel = dossier.audience.funnel();
    // By its name, or as the funnel calls it.
    let is_it = |line: &&FunnelLine| line.step == asked || step_words(line.step) == asked;
    let Some(step) = funnel.iter().find(is_it).map(|line| line.step) else {
        let steps: Vec<&str> = funnel.iter().map(|line| line.step).collect();
        return Err(
            UsageError(format!("there is no step \"{asked}\". There are {}.", steps.join(", "))).into()
        );
    };
    let customers = &grouped.shop.customers;
    let listed: Vec<(String, String)> = dossier
        .audience
        .at(step, side)
        .map(|member| {
            let row = member.row as usize;
            (customers.id(row).to_owned(), customers.display_name(row))
        })
        .collect();
    if context.global.json {
        let customers: Vec<Value> =
            listed.iter().map(|(id, name)| json!({ "customer_id": id, "name": name })).collect();
        context.print_json(&json!({
            "schema": SCHEMA,
            "step": step,
            "left_out": side == Side::LeftOut,
            "customers": customers,
        }))?;
    } else {
        for (id, name) in listed {
            context.print_text(&format!("{id:<14} {name}"))?;
        }
    }
    Ok(Exit::Done)
}

/// The JSON document of a plan.
fn document(dossier: &Dossier, prospect: &Prospect) -> Value {
    let (arms, holdout) = dossier.audience.sizes();
    let arms: Vec<Value> = dossier
        .versions
        .arms
        .iter()
        .zip(arms)
        .enumerate()
        .map(|(number, ((name, share), customers))| {
            let drafts: Vec<i64> = dossier
                .versions
                .all
                .iter()
                .filter(|version| version.arm == number)
                .map(|version| version.draft.0)
                .collect();
            json!({ "name": name, "share": share, "customers": customers, "drafts": drafts })
        })
        .collect();
    json!({
        "schema": SCHEMA,
        "name": dossier.plan.name,
        "state": dossier.launched.as_ref().map_or("planned", |campaign| campaign.state.name()),
        "fingerprint": dossier.fingerprint,
        "approval": dossier.approval,
        "plan": dossier.plan,
        "channel": dossier.versions.channel.name(),
        "funnel": dossier.audience.funnel(),
        "arms": arms,
        "holdout": holdout,
        "outlook": prospect.outlook,
        "budget": prospect.forecast,
        "clear": is_clear(&prospect.checks),
        "checks": prospect.checks,
    })
}

/// The funnel with words for its steps.
pub(super) fn funnel_told(funnel: &[FunnelLine]) -> String {
    let mut told = String::new();
    for line in funnel {
        let out = match line.left_out {
            0 => String::new(),
            left_out => format!("   {left_out} left out"),
        };
        told.push_str(&format!("  {:>9}  {:<26}{out}\n", line.customers, step_words(line.step)));
    }
    told
}

/// What people read.
fn told(dossier: &Dossier, prospect: &Prospect, currency: &str) -> String {
    let mut text = format!("{}\n\n", dossier.plan.title);
    text.push_str(&funnel_told(&dossier.audience.funnel()));
    text.push('\n');
    let (arms, holdout) = dossier.audience.sizes();
    let treated: u64 = arms.iter().sum();
    for ((name, _), customers) in dossier.versions.arms.iter().zip(arms) {
        text.push_str(&format!("  arm {name:<14} {customers} customers\n"));
    }
    text.push_str("\nWhat can be shown (who buys anyway: of such customers some weeks ago, those who bought within so many days)\n");
    for look in &prospect.outlook {
        text.push_str(&format!("  after {:>2} days  {}\n", look.days, look.told(holdout, treated)));
    }
    let money = &prospect.forecast;
    if let (Some(coupons), Some(most)) = (money.coupons, money.coupons_at_most) {
        text.push_str(&format!(
            "\nCost: {coupons:.2} {currency} if {:.0} % of the coupons are used, {most:.2} at most.",
            100.0 * dossier.plan.budget.redemption
        ));
        if let Some(break_even) = money.break_even {
            text.push_str(&format!(
                " It pays if {:.2} % of those written to buy who would not have.",
                100.0 * break_even
            ));
        }
        text.push('\n');
    }
    text.push('\n');
    text.push_str(&checks_told(&prospect.checks));
    text
}

pub(super) fn checks_told(checks: &[Finding]) -> String {
    let mut told = String::new();
    for check in checks {
        let sign = match check.weight {
            Weight::Good => "ok    ",
            Weight::Warning => "note  ",
            Weight::Blocking => "STOP  ",
        };
        told.push_str(&format!("{sign}{:<17} {}\n", check.check, check.found));
        if !check.remedy.is_empty() {
            told.push_str(&format!("{:24}{}\n", "", check.remedy));
        }
    }
    told
}
