//! Why there are no credentials, and what to do about it.

use std::error::Error;
use std::fmt;

use aws_credential_types::provider::error::CredentialsError;

use crate::aws::error::with_causes;

/// The profile that counts where none is named.
const DEFAULT_PROFILE: &str = "default";
/// What the SDK's errors say where a profile with single sign-on has no valid session. The first
/// three are about the token that `aws sso login` leaves in a file, the last is the answer of the
/// service that takes the token (`API_GetRoleCredentials`). The SDK keeps the types of these errors to
/// itself.
const NOT_SIGNED_IN: &[&str] = &[
    "SSO token",
    "/sso/cache/",
    "SSO OIDC",
    "UnauthorizedException",
];
/// What the SDK says that it would have to be built with for a profile of `aws login`.
const CONSOLE_LOGIN: &str = "credentials-login";

/// Credentials cannot be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialsProblem {
    /// The profile in use.
    profile: String,
    kind: Kind,
    /// The SDK's words.
    why: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Nothing names any.
    NotFound,
    /// The profile's single sign-on session has ended, or never began.
    NotSignedIn,
    /// The profile takes a way that this program does not know.
    ConsoleLogin,
    /// What names them does not lead to any.
    Failed,
}

impl CredentialsProblem {
    /// Of the error with which the SDK gives up. The profile is the one that was named, else that of the
    /// environment.
    pub(super) fn of(error: &CredentialsError, named: Option<&str>) -> Self {
        let profile = named
            .map(str::to_owned)
            .or_else(|| std::env::var("AWS_PROFILE").ok())
            .unwrap_or_else(|| DEFAULT_PROFILE.to_owned());
        // The error itself says no more than that credentials were being loaded; its cause says why
        // there are none. What a process of the profile's said may have several lines.
        let why = error
            .source()
            .map_or_else(|| error.to_string(), with_causes);
        let why: Vec<_> = why.split_whitespace().collect();
        let why = why.join(" ").trim_end_matches('.').to_owned();
        let kind = if NOT_SIGNED_IN.iter().any(|words| why.contains(words)) {
            Kind::NotSignedIn
        } else if why.contains(CONSOLE_LOGIN) {
            Kind::ConsoleLogin
        } else if named.is_none() && matches!(error, CredentialsError::CredentialsNotLoaded(_)) {
            Kind::NotFound
        } else {
            Kind::Failed
        };
        Self { profile, kind, why }
    }
}

impl fmt::Display for CredentialsProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { profile, kind, why } = self;
        match kind {
            Kind::NotFound => write!(
                f,
                "no AWS credentials were found: AWS_ACCESS_KEY_ID is not set, the AWS configuration files have none in a profile '{profile}', and no instance profile, task role or web identity is there. Name a profile with AWS_PROFILE, set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or attach a role"
            ),
            Kind::NotSignedIn => write!(
                f,
                "the profile '{profile}' is not signed in: {why}. Sign in first, with aws sso login --profile {profile} (or, where it takes its credentials from a source_profile, with that one's name)"
            ),
            Kind::ConsoleLogin => write!(
                f,
                "the profile '{profile}' was made by aws login, which is not supported here. This passes its credentials on: eval \"$(aws configure export-credentials --profile {profile} --format env)\""
            ),
            Kind::Failed => write!(
                f,
                "AWS credentials cannot be had: {why}. See what the environment and the profile '{profile}' say of them; aws sts get-caller-identity uses the same"
            ),
        }
    }
}

impl Error for CredentialsProblem {}
