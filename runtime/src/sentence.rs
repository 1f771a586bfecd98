//! Sentences put together at compile time, for `panic!` in a constant.

/// A text of limited length.
pub(crate) struct Sentence {
    bytes: [u8; Self::SIZE],
    length: usize,
}

impl Sentence {
    pub(crate) const SIZE: usize = 1024;

    pub(crate) const fn new() -> Self {
        Self { bytes: [0; Self::SIZE], length: 0 }
    }

    /// Appends a text if it fits, so that no character is cut in two.
    pub(crate) const fn add(mut self, text: &str) -> Self {
        let bytes = text.as_bytes();
        if self.length + bytes.len() > Self::SIZE {
            return self;
        }
        let mut index = 0;
        while index < bytes.len() {
            self.bytes[self.length] = bytes[index];
            self.length += 1;
            index += 1;
        }
        self
    }

    /// Appends a name as a message shows it.
    pub(crate) const fn name(self, name: &str) -> Self {
        self.add("`").add(name).add("`")
    }

    /// Appends a number.
    pub(crate) const fn number(self, number: u64) -> Self {
        const DIGITS: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
        let sentence = if number > 9 { self.number(number / 10) } else { self };
        sentence.add(DIGITS[(number % 10) as usize])
    }

    pub(crate) const fn text(&self) -> &str {
        match std::str::from_utf8(self.bytes.split_at(self.length).0) {
            Ok(text) => text,
            Err(_) => "this does not compile",
        }
    }
}
