//! How a reply is cut to the size that CloudFormation takes.

use crate::task::outcome::Output;
use crate::text::byte_limit;

/// Largest body that CloudFormation takes at a response URL, in bytes. It refuses a larger one, and the
/// stack hangs. What it takes at a wait condition's handle is documented nowhere; the same limit is kept.
pub const MAX_BODY: usize = 4_096;

/// The reply has too many bytes even without its reason and outputs: the ids that CloudFormation
/// compares may not be cut.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "the answer has {size} bytes without its reason, and CloudFormation takes {MAX_BODY}: the request's own ids are too long to be answered"
)]
pub struct TooLarge {
    size: usize,
}

/// What of a reply may be cut.
#[derive(Debug, Clone)]
pub(super) struct Content {
    pub(super) reason: String,
    /// Ends the reason, after `between`.
    pub(super) last_line: Option<String>,
    /// Stands before the last line.
    pub(super) between: &'static str,
    pub(super) output: Option<Output>,
}

impl Content {
    /// The body that `write` makes of a reason and outputs, at most [`MAX_BODY`] bytes. A reason that is
    /// too long loses its middle, and its last line only where the rest of the body leaves room for
    /// neither. Outputs that are too long are emptied, those first that people miss least; their keys
    /// stay, since a template's `!GetAtt` needs every key to exist.
    pub(super) fn into_body(
        mut self,
        write: impl Fn(&str, Option<&Output>) -> Vec<u8>,
    ) -> Result<Vec<u8>, TooLarge> {
        // From the least to the most missed. The last four are short in every output that a worker
        // makes: emptying those before them is enough.
        let fields: [fn(&mut Output) -> &mut String; 10] = [
            |o| &mut o.skipped,
            |o| &mut o.task_arns,
            |o| &mut o.console_url,
            |o| &mut o.log_stream,
            |o| &mut o.log_group,
            |o| &mut o.task_arn,
            |o| &mut o.duration_seconds,
            |o| &mut o.started_at,
            |o| &mut o.stopped_at,
            |o| &mut o.exit_code,
        ];
        let mut fields = fields.into_iter();
        let mut room_for_reason = self.reason.len();
        loop {
            let reason = byte_limit::cut_middle(&self.reason, room_for_reason);
            let reason = match &self.last_line {
                Some(last_line) if reason.is_empty() => last_line.clone(),
                Some(last_line) => format!("{}{}{last_line}", reason.trim_end(), self.between),
                None => reason,
            };
            let body = write(&reason, self.output.as_ref());
            let excess = body.len().saturating_sub(MAX_BODY);
            if excess == 0 {
                return Ok(body);
            }
            if room_for_reason > 0 {
                // One byte of text takes up to six in JSON (\u001b). A sixth of the excess is
                // therefore the most that can be cut at once without cutting more than needed, and
                // the loop may take several rounds.
                room_for_reason = room_for_reason.saturating_sub(excess.div_ceil(6));
            } else if self.last_line.take().is_none() {
                let Some((output, field)) = self.output.as_mut().zip(fields.next()) else {
                    return Err(TooLarge { size: body.len() });
                };
                field(output).clear();
            }
        }
    }
}
