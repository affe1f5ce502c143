//! The three acts. Each is judged by what the client read from its socket.

use std::{io::Write, time::Duration};

use anyhow::{bail, ensure};
use bytes::Bytes;
use oc_gateway::lookalike::{Lookalike, Step, responses::Writer};
use tokio::sync::Mutex;

use super::{
    client::Heard,
    screen::Screen,
    stage::{HOSTED_ANSWER, Stage},
};

const QUESTION: &str = "Why is the sky blue?";
const MODEL: &str = "minimax-m2.1-gs32";
const THOUGHTS: &[&str] = &[
    "The user asks about the sky. ",
    "That is Rayleigh scattering: ",
    "short waves scatter more. ",
    "Two sentences will do.",
];
const ANSWER: &[&str] = &[
    "Air scatters short waves ",
    "of light far more than long ones. ",
    "So blue reaches you from every side. ",
    "— the local model",
];
/// A pace at which a person can see that it streams.
const PACE: Duration = Duration::from_millis(25);

#[derive(Clone, Copy, Debug)]
pub(super) enum Act {
    /// Reasoning is no part of the answer.
    Apart,
    /// The box dies while it reasons.
    DiesThinking,
    /// The box dies after it has spoken.
    DiesSpeaking,
}

impl Act {
    pub(super) const ALL: [Self; 3] = [Self::Apart, Self::DiesThinking, Self::DiesSpeaking];

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Apart => "Act 1  The box thinks, then answers",
            Self::DiesThinking => "Act 2  The box is killed while it thinks",
            Self::DiesSpeaking => "Act 3  The box is killed after it has spoken",
        }
    }

    /// Plays it; what was observed, or what was not.
    pub(super) async fn play(
        self,
        stage: &mut Stage,
        screen: &mut Screen<impl Write>,
    ) -> anyhow::Result<String> {
        match self {
            Self::Apart => apart(stage, screen).await,
            Self::DiesThinking => dies_thinking(stage, screen).await,
            Self::DiesSpeaking => dies_speaking(stage, screen).await,
        }
    }
}

async fn apart(stage: &mut Stage, screen: &mut Screen<impl Write>) -> anyhow::Result<String> {
    stage.local.rewrite(|_| script(THOUGHTS.len(), ANSWER.len(), None));
    let heard = stage.client.ask(QUESTION, async || {}).await?;
    show(screen, &heard)?;
    ensure!(heard.reasoning == THOUGHTS.concat(), "the reasoning is not what the box thought");
    ensure!(heard.text == ANSWER.concat(), "the final text is not what the box said");
    ensure!(heard.ended_with("response.completed"), "no clean end: {:?}", heard.endings);
    Ok(format!("reasoning and final text came as different events, from {}", served_by(&heard)?))
}

async fn dies_thinking(
    stage: &mut Stage,
    screen: &mut Screen<impl Write>,
) -> anyhow::Result<String> {
    stage.next_act().await?;
    stage.local.rewrite(|_| script(THOUGHTS.len(), 0, Some(Step::Hold)));
    let Stage { local, client, .. } = stage;
    let killed = async {
        local.until(|progress| progress.holding > 0).await;
        screen.aside("the box", &THOUGHTS.concat())?;
        screen.alarm("", "killed")?;
        local.kill().await;
        std::io::Result::Ok(())
    };
    let (heard, killed) = tokio::join!(client.ask(QUESTION, async || {}), killed);
    killed?;
    let heard = heard?;
    show(screen, &heard)?;
    ensure!(heard.text == HOSTED_ANSWER, "the fallback's whole answer did not arrive");
    ensure!(heard.ended_with("response.completed"), "no clean end: {:?}", heard.endings);
    ensure!(stage.hosted_requests() == 1, "the fallback was asked more than once");
    let reason = heard.note("oc_fallback_reason");
    ensure!(!reason.is_empty(), "the answer does not say why it fell back");
    Ok(format!("same stream, whole answer of {} (the box: {reason})", served_by(&heard)?))
}

async fn dies_speaking(
    stage: &mut Stage,
    screen: &mut Screen<impl Write>,
) -> anyhow::Result<String> {
    stage.next_act().await?;
    let asked_before = stage.hosted_requests();
    stage.local.rewrite(|_| script(THOUGHTS.len(), 2, Some(Step::Hold)));
    let heard = {
        let Stage { local, client, .. } = &mut *stage;
        // The kill comes once the client has read the last piece that was sent.
        let local = Mutex::new((local, 0_usize));
        client
            .ask(QUESTION, async || {
                let mut guard = local.lock().await;
                let (local, pieces): &mut (&mut Lookalike, usize) = &mut guard;
                *pieces += 1;
                if *pieces == 2 {
                    local.kill().await;
                }
            })
            .await?
    };
    show(screen, &heard)?;
    let spoken = ANSWER.iter().take(2).copied().collect::<String>();
    ensure!(heard.text == spoken, "the text is not what the box had said");
    ensure!(heard.ended_with("response.failed"), "no explicit failure: {:?}", heard.endings);
    if heard.failure().is_empty() {
        bail!("the failure does not say what happened");
    }
    screen.alarm("failure", heard.failure())?;
    ensure!(stage.hosted_requests() == asked_before, "another model was asked after the text");
    Ok("an explicit failure in-band; nothing of another model was mixed in".to_owned())
}

fn show(screen: &mut Screen<impl Write>, heard: &Heard) -> std::io::Result<()> {
    if !heard.reasoning.is_empty() {
        screen.aside("reasoning", &heard.reasoning)?;
    }
    screen.answer("answer", &heard.text)
}

fn served_by(heard: &Heard) -> anyhow::Result<&str> {
    match heard.note("oc_served_by") {
        "" => bail!("the answer does not say who gave it"),
        name => Ok(name),
    }
}

/// What the box does: so many thoughts, so many words, then `last` or its end.
fn script(thoughts: usize, words: usize, last: Option<Step>) -> Vec<Step> {
    let mut writer = Writer::new(MODEL);
    let mut steps = vec![Step::sse_head(), Step::send(writer.opening())];
    let mut say = |bytes: Bytes| {
        steps.push(Step::Wait(PACE));
        steps.push(Step::send(bytes));
    };
    THOUGHTS.iter().take(thoughts).for_each(|thought| say(writer.reasoning(thought)));
    ANSWER.iter().take(words).for_each(|word| say(writer.text(word)));
    match last {
        Some(step) => steps.push(step),
        None => steps.push(Step::send(writer.completed())),
    }
    steps
}
