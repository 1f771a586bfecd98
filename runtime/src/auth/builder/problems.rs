//! Everything that is wrong with a configuration, told at once.

use crate::auth::ConfigError;

/// What is wrong with a configuration, and the variables that the settings came from.
pub(super) struct Problems {
    pub(super) variables: Vec<(&'static str, String)>,
    pub(super) found: Vec<ConfigError>,
}

impl Problems {
    pub(super) fn required<T>(&mut self, setting: &'static str, value: Option<T>) -> Option<T> {
        if value.is_none() {
            self.found.push(ConfigError::Missing { setting });
        }
        value
    }

    pub(super) fn value_of<T>(&mut self, result: Result<T, impl Into<ConfigError>>) -> Option<T> {
        result.map_err(|error| self.found.push(error.into().of_variable(&self.variables))).ok()
    }

    pub(super) fn refuse_if(&mut self, is_wrong: bool, error: impl Into<ConfigError>) {
        self.value_of(if is_wrong { Err(error) } else { Ok(()) });
    }

    pub(super) fn into_error(self) -> ConfigError {
        match ConfigError::unless_none(self.found) {
            Err(error) => error,
            // Whatever is missing was noted.
            Ok(()) => ConfigError::Several(Vec::new()),
        }
    }
}
