//! How a store reaches its objects.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use countersign::store::StoreError;
use futures_util::future::{Either, select};
use worker::send::SendFuture;
use worker::{Delay, Method, ObjectNamespace, Request, RequestInit, Stub};

/// How long a request waits for an object.
const PATIENCE: Duration = Duration::from_secs(5);

/// How a [`DurableObjectStore`](crate::DurableObjectStore) reaches its objects. Implemented for [`ObjectNamespace`], the binding of
/// a Worker, which waits 5 seconds for an answer.
///
/// Implement it for objects that have to be in a jurisdiction, or near a place: it decides where an object is made. The same name
/// has to reach the same object always, since a user's sessions are in one.
///
/// ```
/// use std::time::Duration;
///
/// use countersign::store::StoreError;
/// use countersign_workers::{Objects, ask};
/// use worker::ObjectNamespace;
///
/// /// Objects that are made in Western Europe.
/// struct European(ObjectNamespace);
///
/// impl Objects for European {
///     async fn ask(&self, name: &str, question: String) -> Result<String, StoreError> {
///         let object = self.0.get_by_name_with_location_hint(name, "weur").map_err(StoreError::new)?;
///         ask(&object, question, Duration::from_secs(3)).await
///     }
/// }
/// ```
pub trait Objects: Send + Sync + 'static {
    /// Sends a question to the object with this name, and returns its answer. Both are JSON texts of this crate.
    ///
    /// # Errors
    ///
    /// When there is no answer. The question may have been carried out or not. The other objects are asked on, whether the error
    /// [is one of a whole store](StoreError::is_unreachable) or not.
    fn ask(&self, name: &str, question: String) -> impl Future<Output = Result<String, StoreError>> + Send;
}

impl Objects for ObjectNamespace {
    async fn ask(&self, name: &str, question: String) -> Result<String, StoreError> {
        let object = self.get_by_name(name).map_err(StoreError::new)?;
        ask(&object, question, PATIENCE).await
    }
}

/// Sends a question to an object, and waits as long as `patience` for the answer. For an own [`Objects`].
///
/// # Errors
///
/// When there is no answer in that time. The question may have been carried out or not.
pub fn ask(
    object: &Stub,
    question: String,
    patience: Duration,
) -> impl Future<Output = Result<String, StoreError>> + Send {
    // A Worker has one thread, on which this future stays.
    SendFuture::new(async move {
        match select(pin!(answer(object, question)), pin!(Delay::from(patience))).await {
            Either::Left((answer, _)) => answer.map_err(StoreError::new),
            Either::Right(_) => Err(StoreError::new("an object gave no answer in time")),
        }
    })
}

async fn answer(object: &Stub, question: String) -> worker::Result<String> {
    let mut init = RequestInit::new();
    init.with_method(Method::Post).with_body(Some(question.into()));
    // Objects have names instead of hosts, and this one does not look at paths.
    let request = Request::new_with_init("https://object/", &init)?;
    object.fetch_with_request(request).await?.text().await
}
