//! The posts. A real application has a table here.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use countersign::Proof;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::CanPublish;

/// One post.
#[derive(Serialize, ToSchema, Clone, Debug)]
pub struct Post {
    /// The number in its address.
    pub id: u64,
    /// The author's number.
    pub author: u64,
    /// The headline.
    pub title: String,
    /// The text.
    pub text: String,
    /// Whether every caller may read it.
    pub published: bool,
}

/// The body of a new or changed post.
#[derive(Deserialize, ToSchema)]
pub struct Draft {
    /// The headline.
    pub title: String,
    /// The text.
    pub text: String,
}

/// Every post; cheap to clone.
#[derive(Clone, Default)]
pub struct Posts(Arc<Mutex<BTreeMap<u64, Post>>>);

impl Posts {
    /// The published posts.
    pub fn published(&self) -> Vec<Post> {
        self.all().values().filter(|post| post.published).cloned().collect()
    }

    /// The post with this number.
    pub fn find(&self, id: u64) -> Option<Post> {
        self.all().get(&id).cloned()
    }

    /// Adds a draft.
    pub fn add(&self, author: u64, Draft { title, text }: Draft) -> Post {
        let mut posts = self.all();
        let id = posts.last_key_value().map_or(1, |(last, _)| last + 1);
        let post = Post { id, author, title, text, published: false };
        posts.insert(id, post.clone());
        post
    }

    /// Replaces title and text.
    pub fn change(&self, id: u64, Draft { title, text }: Draft) -> Option<Post> {
        let mut posts = self.all();
        let post = posts.get_mut(&id)?;
        (post.title, post.text) = (title, text);
        Some(post.clone())
    }

    /// Publishes a post. Only a handler under a rule that includes [`CanPublish`] has the proof.
    pub fn publish(&self, _: &Proof<CanPublish>, id: u64) -> Option<Post> {
        let mut posts = self.all();
        let post = posts.get_mut(&id)?;
        post.published = true;
        Some(post.clone())
    }

    /// Removes a user's posts.
    pub fn remove_all_of(&self, author: u64) {
        self.all().retain(|_, post| post.author != author);
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<u64, Post>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
