//! What went wrong, as facts. What they mean is the engine's business.

use async_openai::error::{ApiError, OpenAIError};
use oc_fallback::{Facts, Fault};

/// An error of the client's, or a stream that it ended too soon.
#[derive(Debug)]
pub enum Broken {
    /// What async-openai says.
    Client(OpenAIError),
    /// No finish reason came.
    Cut,
}

impl Facts for Broken {
    fn fault(&self) -> Fault {
        match self {
            Self::Cut => Fault::Cut,
            Self::Client(OpenAIError::ApiError(_)) => Fault::Http,
            Self::Client(OpenAIError::Reqwest(error)) if error.is_connect() => Fault::Refused,
            Self::Client(OpenAIError::Reqwest(_)) => Fault::Reset,
            Self::Client(OpenAIError::StreamError(_)) => Fault::Reset,
            Self::Client(OpenAIError::InvalidArgument(_)) => Fault::Unsupported,
            Self::Client(_) => Fault::Protocol,
        }
    }

    fn status(&self) -> Option<u16> {
        match self {
            Self::Client(OpenAIError::ApiError(error)) => Some(error.status_code.as_u16()),
            _ => None,
        }
    }

    fn code(&self) -> Option<&str> {
        self.api_error().and_then(|error| error.code.as_deref())
    }

    fn error_type(&self) -> Option<&str> {
        self.api_error().and_then(|error| error.r#type.as_deref())
    }

    fn message(&self) -> Option<&str> {
        self.api_error().map(|error| error.message.as_str())
    }
}

impl Broken {
    fn api_error(&self) -> Option<&ApiError> {
        match self {
            Self::Client(OpenAIError::ApiError(error)) => Some(&error.api_error),
            _ => None,
        }
    }
}
